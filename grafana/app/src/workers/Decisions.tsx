import { EmptyState, FilterInput, Stack, Text, TextLink } from "@grafana/ui";
import { useMemo } from "react";
import type { Answer } from "../api/types";
import { useAsk } from "../api/use-ask";
import { time } from "../components/format";
import { Loaded } from "../components/Loaded";
import { type Column, Table } from "../components/Table";
import { useQueryState } from "../components/use-query-state";
import { APP_PATH } from "../constants";
import { AnsweredBy } from "./AnsweredBy";
import { DecisionPlot } from "./DecisionPlot";
import { type Decision, stepsOf } from "./steps";

/** As many as the instance remembers. */
const MOST_DECISIONS = 1_000;
/** More lines than these cannot be told apart. */
const MOST_LINES = 10;

const COLUMNS: readonly Column<Decision>[] = [
  { title: "Time", width: "12rem", cell: ({ at }) => time(at) },
  {
    title: "Function",
    width: "minmax(10rem, 1fr)",
    cell: ({ function: name }) => <TextLink href={`${APP_PATH}/functions/${name}`}>{name}</TextLink>,
  },
  { title: "Workers", width: "8rem", cell: ({ from, to }) => `${from} → ${to}` },
  {
    title: "Reason",
    width: "minmax(14rem, 2fr)",
    cell: ({ reason }) => <span title={reason}>{reason}</span>,
  },
];

/** Why functions have as many workers as they have: when that was decided, and what for. */
export function Decisions() {
  const [{ text }, change] = useQueryState(["text"]);
  const asked = useAsk<Answer<"listScalingDecisions">>("/workers/decisions", { limit: MOST_DECISIONS }, 5);
  return (
    <Loaded asked={asked}>
      {({ instance, items }) => (
        <Stack direction="column" gap={2}>
          <AnsweredBy instance={instance} what="decisions" />
          {items.length === 0 ? (
            <EmptyState
              variant="completed"
              message="Every function has had as many workers as it began with since this instance started"
            />
          ) : (
            <>
              <FilterInput
                aria-label="Find decisions by function or reason"
                placeholder="Function or reason"
                width={40}
                value={text}
                escapeRegex={false}
                onChange={(value) => change({ text: value })}
              />
              <Found items={items} text={text} />
            </>
          )}
        </Stack>
      )}
    </Loaded>
  );
}

function Found({ items, text }: { items: readonly Decision[]; text: string }) {
  const found = useMemo(() => items.filter((each) => isAbout(each, text)), [items, text]);
  const plot = useMemo(() => stepsOf(found, Date.now(), MOST_LINES), [found]);
  if (found.length === 0) {
    return <EmptyState variant="not-found" message={`No decision has “${text}” in its function or reason`} />;
  }
  return (
    <>
      <DecisionPlot plot={plot} />
      <Text color="secondary">
        {found.length} of {items.length} decisions, the newest first. This instance remembers its last 1,000.
      </Text>
      <Table
        label="Decisions"
        columns={COLUMNS}
        items={found}
        keyOf={(each) => `${each.at} ${each.function} ${each.to}`}
        empty={null}
      />
    </>
  );
}

function isAbout({ function: name, reason }: Decision, text: string): boolean {
  const part = text.toLowerCase();
  return name.toLowerCase().includes(part) || reason.toLowerCase().includes(part);
}
