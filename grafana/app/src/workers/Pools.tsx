import { Button, EmptyState, FilterInput, Stack, Text, TextLink } from "@grafana/ui";
import { useMemo } from "react";
import type { Answer, Workers } from "../api/types";
import { useAsk } from "../api/use-ask";
import { count } from "../components/format";
import { Loaded } from "../components/Loaded";
import { Meter } from "../components/Meter";
import { type Column, Table } from "../components/Table";
import { useQueryState } from "../components/use-query-state";
import { APP_PATH } from "../constants";
import { AnsweredBy } from "./AnsweredBy";
import { PoolDrawer } from "./PoolDrawer";
import { StateBadge } from "./StateBadge";
import { POOL_STATES, wholePercent } from "./states";

/** How many functions are asked for at a time: the most that the API answers at once. */
const PAGE = 1_000;

/** The worker processes of each function. */
export function Pools() {
  const [{ text, function: name, after }, change] = useQueryState(["text", "function", "after"]);
  const asked = useAsk<Answer<"listWorkers">>("/workers", { limit: PAGE, after }, 5);
  const columns = useMemo(() => columnsOf((shown) => change({ function: shown })), [change]);
  return (
    <Loaded asked={asked}>
      {({ instance, items, next }) => {
        const found = items.filter((each) => isAbout(each, text));
        return (
          <Stack direction="column" gap={2}>
            <AnsweredBy instance={instance} what="workers" />
            <Stack alignItems="center" gap={2} wrap="wrap">
              <FilterInput
                aria-label="Find functions by name, owner, state or reason"
                placeholder="Function, owner, state or reason"
                width={40}
                value={text}
                escapeRegex={false}
                onChange={(value) => change({ text: value })}
              />
              <Text color="secondary">
                {found.length} of {items.length} functions shown.
              </Text>
            </Stack>
            <Table
              label="Workers by function"
              columns={columns}
              items={found}
              keyOf={(each) => each.function}
              empty={
                <EmptyState
                  variant={items.length === 0 ? "completed" : "not-found"}
                  message={
                    items.length === 0 ? "No function runs here" : `No function here has “${text}” in it`
                  }
                />
              }
            />
            {(next !== null || after !== "") && (
              <Stack alignItems="center" gap={1} wrap="wrap">
                {after !== "" && (
                  <Button variant="secondary" onClick={() => change({ after: undefined })}>
                    First {count(PAGE)}
                  </Button>
                )}
                {next !== null && (
                  <Button variant="secondary" onClick={() => change({ after: next })}>
                    Next {count(PAGE)}
                  </Button>
                )}
                <Text color="secondary">What you look for is looked for among those that are shown.</Text>
              </Stack>
            )}
            {name !== "" && <PoolDrawer name={name} onClose={() => change({ function: undefined })} />}
          </Stack>
        );
      }}
    </Loaded>
  );
}

function isAbout({ function: name, owner, state, reason }: Workers, text: string): boolean {
  const part = text.toLowerCase();
  return [name, owner, state, reason].some((each) => each?.toLowerCase().includes(part) === true);
}

function columnsOf(onDetails: (name: string) => void): readonly Column<Workers>[] {
  return [
    {
      title: "Function",
      width: "minmax(10rem, 2fr)",
      cell: ({ function: name }) => <TextLink href={`${APP_PATH}/functions/${name}`}>{name}</TextLink>,
    },
    {
      title: "State",
      width: "minmax(7rem, 2fr)",
      cell: ({ state, reason }) => (
        <>
          <StateBadge state={POOL_STATES[state]} /> {reason !== null && <span title={reason}>{reason}</span>}
        </>
      ),
    },
    {
      title: "Ready",
      width: "6rem",
      isNumber: true,
      cell: ({ ready, target }) => `${ready} of ${target}`,
    },
    {
      title: "Bounds",
      width: "5rem",
      isNumber: true,
      cell: ({ min, max }) => (min === max ? min : `${min} to ${max}`),
    },
    {
      title: "Busy",
      width: "9rem",
      cell: ({ utilization, function: name }) => (
        <Meter isInline label={`How busy ${name} is`} share={utilization} text={wholePercent(utilization)} />
      ),
    },
    { title: "Waiting", width: "5rem", isNumber: true, cell: ({ waitingEvents }) => count(waitingEvents) },
    { title: "Isolation", width: "6rem", cell: ({ isolation }) => isolation },
    {
      title: "Details",
      width: "6.5rem",
      cell: ({ function: name }) => (
        <Button
          size="sm"
          variant="secondary"
          aria-label={`Workers of ${name}`}
          onClick={() => onDetails(name)}
        >
          Workers
        </Button>
      ),
    },
  ];
}
