import { TextLink } from "@grafana/ui";
import { useMemo } from "react";
import type { UsageRow } from "../api/types";
import { usePages } from "../api/use-pages";
import { Problem } from "../components/Problem";
import { type Column, Table } from "../components/Table";
import { APP_PATH } from "../constants";

type Group = "owner" | "function" | "day" | "class";

interface UsageTableProps {
  readonly groups: readonly Group[];
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly currency: string;
}

/** What was used, a row for each group. */
export function UsageTable({ groups, from, to, currency }: UsageTableProps) {
  const group = groups.join(",");
  const pages = usePages<UsageRow>("/usage", { from, to, group, limit: 500 });
  const columns = useMemo(() => columnsOf(group.split(",") as Group[], currency), [group, currency]);
  if (pages.error !== undefined) return <Problem error={pages.error} onRetry={pages.reload} />;
  return (
    <Table
      label="Usage"
      columns={columns}
      items={pages.items}
      keyOf={({ owner, function: name, day, class: of }) => JSON.stringify([owner, name, day, of])}
      isLoading={pages.isLoading}
      onEnd={pages.more}
      empty="Nothing was used."
    />
  );
}

function columnsOf(groups: readonly Group[], currency: string): readonly Column<UsageRow>[] {
  return [
    ...groups.map((group) => GROUP_COLUMNS[group]),
    { title: "Runs", isNumber: true, width: "5rem", cell: ({ runs }) => runs.toLocaleString("en") },
    { title: "Billed s", isNumber: true, width: "6rem", cell: ({ billedSeconds }) => billedSeconds },
    {
      title: "GB s",
      isNumber: true,
      width: "11rem",
      cell: ({ gigabyteSeconds }) => <span title={gigabyteSeconds}>{gigabyteSeconds}</span>,
    },
    { title: "CPU s", isNumber: true, width: "7rem", cell: ({ cpuSeconds }) => cpuSeconds },
    {
      title: currency === "" ? "Cost" : `Cost in ${currency}`,
      isNumber: true,
      width: "14rem",
      cell: ({ cost }) => <span title={cost}>{cost}</span>,
    },
  ];
}

const GROUP_COLUMNS: Readonly<Record<Group, Column<UsageRow>>> = {
  owner: { title: "Owner", width: "minmax(7rem, 1fr)", cell: ({ owner }) => owner || "nobody" },
  function: {
    title: "Function",
    width: "minmax(9rem, 1.4fr)",
    cell: ({ function: name = "" }) => <TextLink href={`${APP_PATH}/functions/${name}`}>{name}</TextLink>,
  },
  day: { title: "Day", width: "minmax(7rem, 1fr)", cell: ({ day }) => day },
  class: { title: "Class", width: "minmax(6rem, 1fr)", cell: ({ class: of }) => of },
};
