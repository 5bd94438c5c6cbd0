import { PluginPage } from "@grafana/runtime";
import { Alert, Badge, Button, LinkButton, Stack } from "@grafana/ui";
import { useState } from "react";
import { useParams } from "react-router-dom";
import { currentUser, mayAs } from "../api/role";
import type { FunctionDetails, RunDetails } from "../api/types";
import { useAsk } from "../api/use-ask";
import { Columns } from "../components/Columns";
import { json, seconds } from "../components/format";
import { Problem } from "../components/Problem";
import { TextBlock } from "../components/TextBlock";
import { APP_PATH } from "../constants";
import { CallAgainButton, CalledAgain, useCallingAgain } from "./CallAgain";
import { ReplayRun } from "./ReplayRun";
import { RunFacts } from "./RunFacts";
import { StatusBadge } from "./StatusBadge";
import { useRun } from "./use-run";

/** One run: what went in, what came out, where, and what it took. */
export default function RunPage() {
  const { id = "" } = useParams();
  const { run, error, isLoading, reload } = useRun(id);
  return (
    <PluginPage
      pageNav={{
        text: run === undefined ? "Run" : `Run of ${run.function}`,
        parentItem: { text: "Runs", url: `${APP_PATH}/runs` },
      }}
      subTitle={id}
      actions={
        run !== undefined && (
          <LinkButton variant="secondary" icon="list-ul" href={`${APP_PATH}/runs?function=${run.function}`}>
            All runs of {run.function}
          </LinkButton>
        )
      }
    >
      {error !== undefined &&
        (error.code === "not-found" ? (
          <Alert severity="warning" title="This run is not recorded, or it is not yours to see">
            <p>
              A run shows a moment after it is over. Some functions record one in many, and old runs are
              dropped. You see runs of functions that are yours, and those that you called.
            </p>
            <Button size="sm" variant="secondary" icon="sync" onClick={reload}>
              Look again
            </Button>
          </Alert>
        ) : (
          <Problem error={error} onRetry={reload} />
        ))}
      {isLoading && "Loading…"}
      {run !== undefined && <Run key={run.id} run={run} />}
    </PluginPage>
  );
}

function Run({ run }: { run: RunDetails }) {
  const again = useCallingAgain(run);
  const [isReplaying, setReplaying] = useState(false);
  const mayReplay = mayAs("admin") || (mayAs("editor") && run.owner === currentUser());
  const asked = useAsk<FunctionDetails>(mayReplay ? `/functions/${run.function}` : undefined);
  return (
    <Stack direction="column" gap={3}>
      <Stack gap={1} alignItems="center" wrap="wrap">
        <StatusBadge status={run.status} />
        {run.runSeconds !== null && <span>{seconds(run.runSeconds)}</span>}
        <CallAgainButton run={run} again={again} />
        {mayReplay && (
          <Button
            variant="secondary"
            icon="code-branch"
            disabled={asked.data === undefined}
            onClick={() => setReplaying(true)}
          >
            Replay through another version
          </Button>
        )}
      </Stack>
      {mayReplay && asked.error !== undefined && (
        <Problem error={asked.error} title="It cannot be replayed: the function is not known" />
      )}
      <CalledAgain again={again} />
      {run.error !== null && <Failure error={run.error} />}
      <RunFacts run={run} />
      <Columns minWidth={55} gap={2}>
        <Recorded title="Input" value={run.input} isCut={run.isInputCut} />
        {run.output !== null && <Recorded title="Output" value={run.output} isCut={run.isOutputCut} />}
        {run.traceback !== null && <TextBlock title="Traceback" text={run.traceback} />}
        {run.logs.length > 0 && <TextBlock title="Log" text={run.logs.join("\n")} />}
      </Columns>
      {isReplaying && asked.data !== undefined && (
        <ReplayRun run={run} details={asked.data} onClose={() => setReplaying(false)} />
      )}
    </Stack>
  );
}

function Failure({ error }: { error: string }) {
  const [first = "", ...rest] = error.split("\n");
  return (
    <Alert severity="error" title={first}>
      {rest.length > 0 && <pre>{rest.join("\n")}</pre>}
    </Alert>
  );
}

/** What went in or came out. Where it is cut it is no JSON any more, but its beginning as text. */
function Recorded({ title, value, isCut }: { title: string; value: unknown; isCut: boolean }) {
  return (
    <TextBlock
      title={title}
      text={isCut && typeof value === "string" ? value : json(value)}
      note={
        isCut ? (
          <Badge
            color="orange"
            icon="exclamation-triangle"
            text="Cut"
            tooltip="It is longer than what is recorded of a run: this is its beginning."
          />
        ) : undefined
      }
    />
  );
}
