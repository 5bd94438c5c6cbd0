import { Button, Field, Input, LoadingPlaceholder, RadioButtonGroup, Stack, Text } from "@grafana/ui";
import { useState } from "react";
import { ask } from "../api/client";
import type { ReplayDetails } from "../api/types";
import { json } from "../components/format";
import { Problem } from "../components/Problem";
import { useDoing } from "../components/use-doing";
import { ReplayResult } from "../runs/ReplayResult";
import { useReplay } from "../runs/use-replay";
import { Difference, FileDifferences } from "./Difference";
import { useCode } from "./use-code";

/** Two versions: how their code differs, and what the other makes of inputs that were recorded. */
export function Comparison({
  name,
  current,
  other,
  mayReplay,
  onClose,
}: {
  name: string;
  current: number;
  other: number;
  mayReplay: boolean;
  onClose: () => void;
}) {
  const now = useCode(name, current);
  const then = useCode(name, other);
  const error = now.error ?? then.error;
  return (
    <section aria-label={`Versions ${current} and ${other}`}>
      <Stack direction="column" gap={2}>
        <Stack justifyContent="space-between">
          <Text element="h2" variant="h4">
            Version {other} against version {current}, which runs
          </Text>
          <Button
            variant="secondary"
            fill="text"
            icon="times"
            aria-label="Close the comparison"
            onClick={onClose}
          />
        </Stack>
        {error !== undefined && <Problem error={error} title="The code cannot be compared" />}
        {now.code !== undefined && then.code !== undefined ? (
          <>
            <Difference
              title="Manifest"
              before={json(now.code.version.manifest)}
              after={json(then.code.version.manifest)}
            />
            <FileDifferences before={now.code.files} after={then.code.files} />
          </>
        ) : (
          error === undefined && <LoadingPlaceholder text="Loading both…" />
        )}
        {mayReplay && <ReplayForm name={name} version={other} />}
      </Stack>
    </section>
  );
}

/** Runs recorded inputs through a version, beside what they came to. */
function ReplayForm({ name, version }: { name: string; version: number }) {
  const [limit, setLimit] = useState("100");
  const [env, setEnv] = useState<"fresh" | "copy">("fresh");
  const [id, setId] = useState<string>();
  const doing = useDoing();
  const { replay, error } = useReplay(id);
  const start = (): Promise<boolean> =>
    doing.run(async () => {
      const body = { version, env, limit: Number(limit), from: new Date(0).toISOString() };
      setId((await ask<ReplayDetails>("POST", `/functions/${name}/replays`, { body })).id);
    });
  return (
    <Stack direction="column" gap={2}>
      <Text element="h3" variant="h5">
        What would version {version} have made of recorded inputs?
      </Text>
      <Stack gap={2} alignItems="flex-end" wrap="wrap">
        <Field label="Runs" description="The oldest of those that are recorded, at most" noMargin>
          <Input
            id="gaugelet-replay-runs"
            type="number"
            min={1}
            max={1_000}
            width={14}
            value={limit}
            onChange={({ currentTarget }) => setLimit(currentTarget.value)}
          />
        </Field>
        <Field label="Begins with" noMargin>
          <RadioButtonGroup
            options={[
              { value: "fresh", label: "An empty env" },
              { value: "copy", label: "A copy of env" },
            ]}
            value={env}
            onChange={setEnv}
          />
        </Field>
        <Button
          icon="play"
          disabled={doing.isBusy || replay?.status === "running"}
          onClick={() => void start()}
        >
          Compare on recorded inputs
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
      {doing.error !== undefined && <Problem error={doing.error} title="It could not be compared" />}
      {error !== undefined && <Problem error={error} title="It is not known how far the comparison is" />}
      {replay !== undefined && <ReplayResult replay={replay} />}
    </Stack>
  );
}
