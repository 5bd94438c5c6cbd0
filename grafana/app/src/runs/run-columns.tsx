import { TextLink } from "@grafana/ui";
import type { RunSummary } from "../api/types";
import { NONE, seconds, shortMoney, time } from "../components/format";
import type { Column } from "../components/Table";
import { APP_PATH } from "../constants";
import { StatusBadge } from "./StatusBadge";
import { TRIGGERS } from "./triggers";

/** What is shown of each run. */
export const RUN_COLUMNS: readonly Column<RunSummary>[] = [
  {
    title: "Started",
    width: "11.5rem",
    cell: ({ id, startedAt, queuedAt }) => (
      <TextLink href={`${APP_PATH}/runs/${id}`} inline={false}>
        {time(startedAt ?? queuedAt)}
      </TextLink>
    ),
  },
  {
    title: "Function",
    width: "minmax(9rem, 9fr)",
    cell: ({ function: name }) => (
      <TextLink href={`${APP_PATH}/functions/${name}`} inline={false} color="primary">
        {name}
      </TextLink>
    ),
  },
  { title: "Status", width: "8rem", cell: ({ status }) => <StatusBadge status={status} /> },
  {
    title: "Result",
    width: "minmax(10rem, 10fr)",
    cell: ({ outputStart, error }) => {
      const result = error ?? outputStart;
      return result === null ? NONE : <span title={result}>{firstLine(result)}</span>;
    },
  },
  { title: "Trigger", width: "6.5rem", cell: ({ trigger }) => TRIGGERS[trigger] },
  { title: "User", width: "minmax(5rem, 5fr)", cell: ({ user }) => user ?? NONE },
  { title: "Duration", width: "6rem", isNumber: true, cell: ({ runSeconds }) => seconds(runSeconds) },
  { title: "Cost", width: "9rem", isNumber: true, cell: ({ cost }) => shortMoney(cost) },
];

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
