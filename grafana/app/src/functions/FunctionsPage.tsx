import { PluginPage } from "@grafana/runtime";
import { EmptyState, FilterInput, LinkButton, RadioButtonGroup, Stack, TextLink } from "@grafana/ui";
import { mayAs } from "../api/role";
import type { Answer, FunctionSummary } from "../api/types";
import { useAsk } from "../api/use-ask";
import { usePages } from "../api/use-pages";
import { NONE, percent, shortMoney } from "../components/format";
import { Problem } from "../components/Problem";
import { type Column, Table } from "../components/Table";
import { useQueryState } from "../components/use-query-state";
import { APP_PATH } from "../constants";
import { type Activity, useActivity } from "./activity";
import { describeTrigger } from "./draft";
import { FUNCTIONS_QUERY } from "./functions-query";
import { Spark } from "./Spark";
import { StateBadge } from "./StateBadge";

const STATES = [
  { value: "", label: "All" },
  { value: "serving", label: "Serving" },
  { value: "paused", label: "Paused" },
  { value: "deleted", label: "Deleted" },
];

/** All functions: what a person opens first. */
export default function FunctionsPage() {
  const [{ text, state, owner }, setFilter] = useQueryState(["text", "state", "owner"]);
  const pages = usePages<FunctionSummary>("/functions", { text, state, owner, ...FUNCTIONS_QUERY });
  const activity = useActivity();
  const costs = useCosts();
  const isFiltered = text !== "" || state !== "" || owner !== "";
  const create = (
    <LinkButton icon="plus" href={`${APP_PATH}/new-function`}>
      New function
    </LinkButton>
  );
  return (
    <PluginPage
      subTitle="What runs on measurements and events, and what it puts out."
      actions={mayAs("editor") ? create : undefined}
    >
      <Stack direction="column" gap={2}>
        <Stack gap={2} wrap="wrap">
          <FilterInput
            aria-label="Part of a name or a description"
            placeholder="Part of a name or a description"
            width={44}
            value={text}
            onChange={(value) => setFilter({ text: value })}
          />
          <RadioButtonGroup
            aria-label="State"
            options={STATES}
            value={state}
            onChange={(value) => setFilter({ state: value })}
          />
        </Stack>
        {pages.error !== undefined && <Problem error={pages.error} onRetry={pages.reload} />}
        {pages.error === undefined && (
          <Table
            label="Functions"
            columns={columnsOf(activity, costs)}
            items={pages.items}
            keyOf={({ name }) => name}
            isLoading={pages.isLoading}
            onEnd={pages.hasMore ? pages.more : undefined}
            empty={
              isFiltered ? (
                "No function is like that: change the filter."
              ) : (
                <EmptyState
                  variant="call-to-action"
                  message="There is no function yet"
                  button={mayAs("editor") ? create : undefined}
                >
                  A function is a few lines that return a dict; what they return becomes metrics. Begin with a
                  template: the first one runs in under a minute.
                </EmptyState>
              )
            }
          />
        )}
      </Stack>
    </PluginPage>
  );
}

function columnsOf(
  activity: ReadonlyMap<string, Activity>,
  costs: ReadonlyMap<string, string>,
): Column<FunctionSummary>[] {
  return [
    {
      title: "Name",
      width: "minmax(11rem, 2fr)",
      cell: ({ name, description }) => (
        <span title={description}>
          <TextLink href={`${APP_PATH}/functions/${name}`} inline={false}>
            {name}
          </TextLink>
        </span>
      ),
    },
    {
      title: "State",
      width: "7.5rem",
      cell: ({ state, loadProblem }) => <StateBadge state={state} loadProblem={loadProblem} />,
    },
    { title: "Owner", width: "6.5rem", cell: ({ owner }) => owner || NONE },
    {
      title: "Called by",
      width: "minmax(8rem, 1.5fr)",
      cell: ({ triggers }) =>
        triggers.map((trigger) => describeTrigger(trigger as Record<string, unknown>)).join(", "),
    },
    {
      title: "Last run",
      width: "6rem",
      cell: ({ name }) => lastRun(activity.get(name)),
    },
    {
      title: "Last hour",
      width: "8rem",
      cell: ({ name }) => {
        const rates = activity.get(name)?.rates ?? [];
        return rates.length < 2 ? (
          NONE
        ) : (
          <Spark values={rates} label={`Invocations of ${name} in the last hour`} />
        );
      },
    },
    {
      title: "Errors",
      width: "4.5rem",
      isNumber: true,
      cell: ({ name }) => percent(activity.get(name)?.errorRatio),
    },
    { title: "This month", width: "8rem", isNumber: true, cell: ({ name }) => shortMoney(costs.get(name)) },
    {
      title: "Version",
      width: "5rem",
      isNumber: true,
      cell: ({ version, origin }) => (origin === "file" ? "file" : version),
    },
  ];
}

function lastRun(activity: Activity | undefined): string {
  if (activity === undefined) return NONE;
  if (activity.lastAt === undefined) return "> 1 h ago";
  const minutes = Math.floor((Date.now() - activity.lastAt) / 60_000);
  return minutes < 2 ? "just now" : `${minutes} min ago`;
}

/** What functions cost this month, by their names. */
function useCosts(): ReadonlyMap<string, string> {
  const from = `${new Date().toISOString().slice(0, 7)}-01`;
  const usage = useAsk<Answer<"getUsage">>("/usage", { group: "function", from, limit: 1000 });
  return new Map((usage.data?.items ?? []).map((row) => [row.function ?? "", row.cost]));
}
