import { Badge, Button, ConfirmModal, Stack } from "@grafana/ui";
import { useState } from "react";
import { ask } from "../api/client";
import type { VersionSummary } from "../api/types";
import { usePages } from "../api/use-pages";
import { time } from "../components/format";
import { Problem } from "../components/Problem";
import { type Column, Table } from "../components/Table";
import { useDoing } from "../components/use-doing";
import { Comparison } from "./Comparison";
import type { TabProps } from "./FunctionPage";

/** All versions, of a function that has some. */
export default function VersionsTab(props: TabProps) {
  if (props.details.origin === "api") return <Versions {...props} />;
  return <>What a file declares has no versions here: they are where the file is kept.</>;
}

/** Each version can run again, or be compared with the one that runs. */
function Versions({ details, reload, isTheirs }: TabProps) {
  const { name, version: current } = details;
  const pages = usePages<VersionSummary>(`/functions/${name}/versions`, { limit: 100 });
  const [back, setBack] = useState<VersionSummary>();
  const [compared, setCompared] = useState<number>();
  const doing = useDoing();

  const columns: Column<VersionSummary>[] = [
    {
      title: "Version",
      width: "12rem",
      cell: ({ version, isCurrent, aliases }) => (
        <Stack gap={1} alignItems="center">
          {version}
          {isCurrent && <Badge color="green" text="Runs" />}
          {aliases.map((alias) => (
            <Badge key={alias} color="blue" text={alias} />
          ))}
        </Stack>
      ),
    },
    { title: "Comment", width: "minmax(12rem, 2fr)", cell: ({ comment }) => comment || "–" },
    { title: "By", width: "10rem", cell: ({ createdBy }) => createdBy },
    { title: "When", width: "12rem", cell: ({ createdAt }) => time(createdAt) },
    {
      title: "",
      width: "16rem",
      cell: (item) => (
        <Stack gap={1}>
          {!item.isCurrent && (
            <Button size="sm" variant="secondary" onClick={() => setCompared(item.version)}>
              Compare
            </Button>
          )}
          {isTheirs && !item.isCurrent && (
            <Button size="sm" variant="secondary" icon="history" onClick={() => setBack(item)}>
              Run this one
            </Button>
          )}
        </Stack>
      ),
    },
  ];
  const rollBack = async (version: number): Promise<void> => {
    setBack(undefined);
    const isDone = await doing.run(
      () => ask("POST", `/functions/${name}/rollback`, { body: { version } }),
      `Version ${version} of ${name} runs`,
    );
    if (!isDone) return;
    pages.reload();
    reload();
  };
  return (
    <Stack direction="column" gap={2}>
      {pages.error !== undefined && <Problem error={pages.error} onRetry={pages.reload} />}
      {doing.error !== undefined && <Problem error={doing.error} title="The version was not changed" />}
      <Table
        label={`Versions of ${name}`}
        columns={columns}
        items={pages.items}
        keyOf={({ version }) => String(version)}
        isLoading={pages.isLoading}
        onEnd={pages.hasMore ? pages.more : undefined}
        maxHeight={360}
        empty={pages.error === undefined && "There is no version yet."}
      />
      {compared !== undefined && current !== null && compared !== current && (
        <Comparison
          key={`${compared}-${current}`}
          name={name}
          current={current}
          other={compared}
          mayReplay={isTheirs}
          onClose={() => setCompared(undefined)}
        />
      )}
      <ConfirmModal
        isOpen={back !== undefined}
        title={`Run version ${back?.version} of ${name}`}
        body={`It takes over from version ${current}, which stays and can run again in the same way. What is kept in env stays as it is.`}
        confirmText="Run it"
        confirmButtonVariant="primary"
        onConfirm={() => void (back !== undefined && rollBack(back.version))}
        onDismiss={() => setBack(undefined)}
      />
    </Stack>
  );
}
