import { Alert, Button, Drawer, Field, LoadingPlaceholder, RadioButtonGroup, Stack, Text } from "@grafana/ui";
import { useState } from "react";
import { ask } from "../api/client";
import type { FunctionDetails, ReplayDetails, RunDetails, VersionSummary } from "../api/types";
import { usePages } from "../api/use-pages";
import { Choice } from "../components/Choice";
import { ago } from "../components/format";
import { Problem } from "../components/Problem";
import { useDoing } from "../components/use-doing";
import { ReplayResult } from "./ReplayResult";
import { useReplay } from "./use-replay";

/** Runs the recorded input of a run through a version that is chosen, and shows what comes out otherwise. */
export function ReplayRun({
  run,
  details,
  onClose,
}: {
  run: RunDetails;
  details: FunctionDetails;
  onClose: () => void;
}) {
  const isOfFile = details.origin === "file";
  const [version, setVersion] = useState<string>();
  const [env, setEnv] = useState<"fresh" | "copy">("fresh");
  const [id, setId] = useState<string>();
  const doing = useDoing();
  const { replay, error } = useReplay(id);
  const chosen = version ?? (details.version === null ? undefined : String(details.version));
  const isRunning = replay?.status === "running" || doing.isBusy;

  const start = (): Promise<boolean> =>
    doing.run(async () => {
      setId(undefined);
      const body = {
        runs: [run.id],
        env,
        ...(isOfFile || chosen === undefined ? {} : { version: Number(chosen) }),
      };
      setId((await ask<ReplayDetails>("POST", `/functions/${run.function}/replays`, { body })).id);
    });

  return (
    <Drawer
      title="Replay through a version"
      subtitle="The recorded input runs once more, in a worker of its own. Nothing is stored or published."
      size="lg"
      onClose={onClose}
    >
      <Stack direction="column" gap={2}>
        {run.isInputCut && (
          <Alert severity="warning" title="It cannot be replayed: its input is not recorded whole" />
        )}
        <Stack gap={2} alignItems="flex-end" wrap="wrap">
          {isOfFile ? (
            <Text color="secondary">A file declares the function: its code as it is now is taken.</Text>
          ) : (
            <VersionChoice run={run} chosen={chosen} onChange={setVersion} />
          )}
          <Field label="Begins with" noMargin>
            <RadioButtonGroup
              options={[
                { value: "fresh", label: "An empty env" },
                { value: "copy", label: "A copy of env as it is now" },
              ]}
              value={env}
              onChange={setEnv}
            />
          </Field>
          <Button
            icon={isRunning ? "spinner" : "play"}
            disabled={isRunning || run.isInputCut}
            onClick={() => void start()}
          >
            Replay
          </Button>
          {replay?.status === "running" && (
            <Button
              variant="secondary"
              onClick={() => void doing.run(() => ask("DELETE", `/replays/${replay.id}`))}
            >
              Stop
            </Button>
          )}
        </Stack>
        {doing.error !== undefined && <Problem error={doing.error} title="It could not be replayed" />}
        {error !== undefined && <Problem error={error} title="It is not known how far the replay is" />}
        {replay !== undefined ? (
          <ReplayResult replay={replay} />
        ) : (
          doing.isBusy && <LoadingPlaceholder text="A worker starts…" />
        )}
      </Stack>
    </Drawer>
  );
}

function VersionChoice({
  run,
  chosen,
  onChange,
}: {
  run: RunDetails;
  chosen: string | undefined;
  onChange: (version: string) => void;
}) {
  const pages = usePages<VersionSummary>(`/functions/${run.function}/versions`, { limit: 1000 });
  const options = pages.items.map(({ version, isCurrent, aliases, comment, createdAt }) => ({
    value: String(version),
    label: [
      `Version ${version}`,
      isCurrent ? "runs now" : undefined,
      version === run.versionNumber ? "that of this run" : undefined,
      ...aliases,
    ]
      .filter((each) => each !== undefined)
      .join(" · "),
    description: [comment, ago(createdAt)].filter((each) => each !== "").join(" · "),
  }));
  return (
    <div>
      {pages.error !== undefined && <Problem error={pages.error} onRetry={pages.reload} />}
      <Text variant="bodySmall" weight="medium">
        Version
      </Text>
      <Choice
        label="Version"
        width={40}
        placeholder="Choose one"
        options={options}
        value={chosen ?? null}
        onChange={onChange}
      />
    </div>
  );
}
