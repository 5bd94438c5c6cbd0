import { Grid, Stack, Text, TextLink } from "@grafana/ui";
import type { ReactNode } from "react";
import type { RunDetails } from "../api/types";
import { Facts } from "../components/Facts";
import { bytes, money, NONE, preciseTime, seconds } from "../components/format";
import { APP_PATH } from "../constants";
import { START_METHODS } from "../workers/states";
import { TRIGGERS } from "./triggers";

/** All that is recorded of a run besides what went in and came out. */
export function RunFacts({ run }: { run: RunDetails }) {
  return (
    <Grid columns={{ xs: 1, sm: 2, xxl: 4 }} gap={3}>
      <Group title="When">
        <Facts
          facts={[
            ["Queued", preciseTime(run.queuedAt)],
            ["Started", preciseTime(run.startedAt)],
            ["Finished", preciseTime(run.finishedAt)],
            ["Waited", seconds(run.queueSeconds)],
            ["In the handler", seconds(run.runSeconds)],
          ]}
        />
      </Group>
      <Group title="Used">
        <Facts
          facts={[
            ["CPU", seconds(run.cpuSeconds)],
            ["Memory peak", bytes(run.memoryPeakBytes)],
            ["Disk", bytes(run.diskBytes)],
            ["Billed time", seconds(run.billedSeconds)],
            ["Billed memory", `${run.mebibyteSeconds.toLocaleString()} MiB·s`],
            ["Cost", money(run.cost)],
          ]}
        />
      </Group>
      <Group title="Called by">
        <Facts
          facts={[
            ["Trigger", TRIGGERS[run.trigger]],
            ["From", <Source key="source" source={run.source} />],
            ["User", run.user ?? NONE],
            ["Event", run.eventId ?? NONE],
            ["Attempt", run.attempt],
          ]}
        />
      </Group>
      <Group title="Where">
        <Facts
          facts={[
            ["Function", <FunctionLink key="function" name={run.function} />],
            ["Version", <VersionLink key="version" run={run} />],
            ["Owner", run.owner || NONE],
            ["Class", run.class],
            ["Shard", run.shard || NONE],
            ["Worker", run.worker === null ? NONE : `process ${run.worker}`],
            ["Instance", <InstanceLink key="instance" id={run.instance} />],
            ["Worker's start", startOf(run.startMethod)],
          ]}
        />
      </Group>
    </Grid>
  );
}

function Group({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack direction="column" gap={1}>
      <Text element="h3" variant="h5">
        {title}
      </Text>
      {children}
    </Stack>
  );
}

/** Null: the worker was there already. */
function startOf(method: string | null): string {
  return method === null ? "ran already" : ((START_METHODS as Record<string, string>)[method] ?? method);
}

function FunctionLink({ name }: { name: string }) {
  return (
    <TextLink href={`${APP_PATH}/functions/${name}`} inline>
      {name}
    </TextLink>
  );
}

function VersionLink({ run: { function: name, version, versionNumber } }: { run: RunDetails }) {
  if (versionNumber === null) return <>{version || NONE}</>;
  return (
    <>
      <TextLink href={`${APP_PATH}/functions/${name}/versions`} inline>
        {String(versionNumber)}
      </TextLink>{" "}
      <Text color="secondary">({version})</Text>
    </>
  );
}

function InstanceLink({ id }: { id: string }) {
  return (
    <TextLink href={`${APP_PATH}/workers`} inline>
      {id}
    </TextLink>
  );
}

/** Where it came from; a topic can be looked at. */
function Source({ source }: { source: string }) {
  const topic = /^topic:(.+)\/\d+$/.exec(source)?.[1];
  if (topic === undefined) return <>{source || NONE}</>;
  return (
    <>
      topic{" "}
      <TextLink href={`${APP_PATH}/topics/${topic}`} inline>
        {topic}
      </TextLink>
    </>
  );
}
