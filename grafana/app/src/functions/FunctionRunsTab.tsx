import { Badge, LinkButton, Stack, TextLink } from "@grafana/ui";
import type { RunSummary } from "../api/types";
import { usePages } from "../api/use-pages";
import { seconds, shortMoney, time } from "../components/format";
import { Problem } from "../components/Problem";
import { type Column, Table } from "../components/Table";
import { APP_PATH } from "../constants";
import type { TabProps } from "./FunctionPage";

const COLUMNS: Column<RunSummary>[] = [
  {
    title: "Time",
    width: "13rem",
    cell: ({ id, queuedAt }) => (
      <TextLink href={`${APP_PATH}/runs/${id}`} inline={false}>
        {time(queuedAt)}
      </TextLink>
    ),
  },
  {
    title: "Status",
    width: "8rem",
    cell: ({ status }) => <Badge color={status === "completed" ? "green" : "red"} text={status} />,
  },
  { title: "Trigger", width: "8rem", cell: ({ trigger }) => trigger },
  { title: "Version", width: "6rem", isNumber: true, cell: ({ versionNumber }) => versionNumber ?? "–" },
  { title: "Duration", width: "7rem", isNumber: true, cell: ({ runSeconds }) => seconds(runSeconds) },
  { title: "Cost", width: "9rem", isNumber: true, cell: ({ cost }) => shortMoney(cost) },
  { title: "Error", width: "minmax(10rem, 2fr)", cell: ({ error }) => error ?? "" },
];

/** The newest runs of a function. */
export default function FunctionRunsTab({ details: { name } }: TabProps) {
  const pages = usePages<RunSummary>("/runs", { function: name, limit: 200 });
  return (
    <Stack direction="column" gap={2}>
      {pages.error !== undefined && <Problem error={pages.error} onRetry={pages.reload} />}
      <Table
        label={`Runs of ${name}`}
        columns={COLUMNS}
        items={pages.items}
        keyOf={({ id }) => id}
        isLoading={pages.isLoading}
        onEnd={pages.hasMore ? pages.more : undefined}
        empty={pages.error === undefined && "There is no run yet: try it, or wait for what calls it."}
      />
      <div>
        <LinkButton variant="secondary" href={`${APP_PATH}/runs?function=${name}`}>
          Filter them
        </LinkButton>
      </div>
    </Stack>
  );
}
