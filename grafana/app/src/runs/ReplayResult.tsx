import { Alert, Button, RadioButtonGroup, Stack, Text, TextLink } from "@grafana/ui";
import { useState } from "react";
import type { ReplayDetails } from "../api/types";
import { json, NONE, seconds } from "../components/format";
import { Meter } from "../components/Meter";
import { type Column, Table } from "../components/Table";
import { APP_PATH } from "../constants";
import { ReplayedRun, type ReplayedRunDetails } from "./ReplayedRun";
import { StatusBadge } from "./StatusBadge";

type Which = "different" | "all";

/** What recorded inputs come to in another version: how far it is, how much differs, and each run side by side. */
export function ReplayResult({ replay }: { replay: ReplayDetails }) {
  const { runs, total, done, status, different } = replay;
  const [which, setWhich] = useState<Which>("different");
  const [chosen, setChosen] = useState<string>();
  const single = total === 1 ? runs[0] : undefined;
  const shown = which === "all" || different === 0 ? runs : runs.filter(({ isEqual }) => !isEqual);
  const looked = single ?? runs.find(({ run }) => run === chosen);
  return (
    <Stack direction="column" gap={2}>
      {status === "running" && (
        <Meter
          label="Replayed"
          share={total === 0 ? 0 : done / total}
          text={`${done.toLocaleString()} of ${total.toLocaleString()}`}
        />
      )}
      {status !== "running" && <Verdict replay={replay} />}
      {single === undefined && runs.length > 0 && (
        <>
          {different > 0 && different < runs.length && (
            <div>
              <RadioButtonGroup
                aria-label="Which runs are shown"
                options={[
                  { value: "different", label: `Those that differ (${different})` },
                  { value: "all", label: `All (${runs.length})` },
                ]}
                value={which}
                onChange={setWhich}
              />
            </div>
          )}
          <Table
            label="Replayed runs"
            columns={columnsOf(chosen, setChosen)}
            items={shown}
            keyOf={({ run }) => run}
            maxHeight={360}
            empty="No run was replayed."
          />
        </>
      )}
      {looked !== undefined && <ReplayedRun run={looked} />}
    </Stack>
  );
}

/** What came out, in a sentence. */
function Verdict({ replay }: { replay: ReplayDetails }) {
  const { status, error, total, skipped, equal, different, runs } = replay;
  const skippedText =
    skipped === 0 ? "" : ` ${counted(skipped, "was", "were")} left out: the input is not recorded whole.`;
  if (status === "failed") {
    return (
      <Alert severity="error" title="The replay failed">
        {error}
      </Alert>
    );
  }
  if (total === 0 || total === skipped) {
    return (
      <Alert severity="info" title="There was nothing to replay">
        No run is recorded with its whole input.{skippedText}
      </Alert>
    );
  }
  const title =
    different === 0
      ? `${runs.length === 1 ? "It comes" : `All ${counted(equal, "run comes", "runs come")}`} to the same`
      : runs.length === 1
        ? "It comes to something else"
        : `${different.toLocaleString()} of ${counted(runs.length, "run", "runs")} ${different === 1 ? "comes" : "come"} to something else`;
  return (
    <Alert
      severity={different === 0 ? "success" : "warning"}
      title={status === "cancelled" ? `Stopped. ${title}` : title}
    >
      Failures: {replay.oldFailures} as recorded, {replay.newFailures} replayed. Time in the handler:{" "}
      {seconds(replay.oldRunSeconds)} as recorded, {seconds(replay.newRunSeconds)} replayed. What was redacted
      is not compared.{skippedText}
    </Alert>
  );
}

function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString()} ${count === 1 ? one : many}`;
}

function columnsOf(
  chosen: string | undefined,
  onChoose: (run: string | undefined) => void,
): Column<ReplayedRunDetails>[] {
  return [
    {
      title: "Run",
      width: "minmax(12rem, 1fr)",
      cell: ({ run }) => (
        <TextLink href={`${APP_PATH}/runs/${run}`} inline={false}>
          {run}
        </TextLink>
      ),
    },
    {
      title: "Side by side",
      width: "8rem",
      cell: ({ run }) => (
        <Button
          size="sm"
          variant="secondary"
          aria-expanded={chosen === run}
          aria-label={`${chosen === run ? "Close" : "Look at"} run ${run} side by side`}
          onClick={() => onChoose(chosen === run ? undefined : run)}
        >
          {chosen === run ? "Close" : "Look"}
        </Button>
      ),
    },
    { title: "As recorded", width: "9rem", cell: ({ old }) => <StatusBadge status={old.status} /> },
    { title: "Replayed", width: "9rem", cell: (run) => <StatusBadge status={run.new.status} /> },
    { title: "Time then", width: "6.5rem", isNumber: true, cell: ({ old }) => seconds(old.runSeconds) },
    { title: "Time now", width: "6.5rem", isNumber: true, cell: (run) => seconds(run.new.runSeconds) },
    {
      title: "What differs",
      width: "minmax(12rem, 2fr)",
      cell: (run) => <Text color="secondary">{inShort(run)}</Text>,
    },
  ];
}

function inShort({ isEqual, differences, old, new: replayed }: ReplayedRunDetails): string {
  if (isEqual) return NONE;
  if (replayed.error !== null && replayed.error !== old.error) return replayed.error;
  return differences
    .map(({ path, old: before, new: after }) => `${path}: ${oneLine(before)} → ${oneLine(after)}`)
    .join(", ");
}

function oneLine(value: unknown): string {
  return value === undefined ? "not there" : json(value).replace(/\s+/g, " ");
}
