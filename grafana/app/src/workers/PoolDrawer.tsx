import { Alert, Badge, Drawer, EmptyState, Stack, Text, TextLink } from "@grafana/ui";
import type { Answer, Workers } from "../api/types";
import { useAsk } from "../api/use-ask";
import { Facts } from "../components/Facts";
import { bytes, count, NONE, seconds } from "../components/format";
import { Loaded } from "../components/Loaded";
import { Meter } from "../components/Meter";
import { APP_PATH } from "../constants";
import { StateBadge } from "./StateBadge";
import { POOL_STATES, START_METHODS, wholePercent } from "./states";

type Worker = Workers["workers"][number];

/** The workers of a function, one by one. */
export function PoolDrawer({ name, onClose }: { name: string; onClose: () => void }) {
  const asked = useAsk<Answer<"listWorkers">>("/workers", { function: name }, 5);
  return (
    <Drawer title={`Workers of ${name}`} size="md" onClose={onClose}>
      <Loaded asked={asked}>
        {({ instance, items: [pool] }) =>
          pool === undefined ? (
            <EmptyState variant="not-found" message={`${instance}, which answered, does not run ${name}`} />
          ) : (
            <Pool pool={pool} instance={instance} />
          )
        }
      </Loaded>
    </Drawer>
  );
}

function Pool({ pool, instance }: { pool: Workers; instance: string }) {
  const { state, reason, min, max, target, ready, version, owner, isolation, standbyFor, workers } = pool;
  return (
    <Stack direction="column" gap={2}>
      {reason !== null && (
        <Alert
          severity={state === "failing" ? "error" : "warning"}
          title={
            state === "failing"
              ? "Its code cannot be loaded"
              : "Its changed code does not run; what ran before goes on"
          }
        >
          <span style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{reason}</span>
        </Alert>
      )}
      <Facts
        facts={[
          ["State", <StateBadge key="state" state={POOL_STATES[state]} />],
          ["Workers", `${ready} ready of ${target} wanted, at least ${min}, at most ${max}`],
          ["Waiting events", count(pool.waitingEvents)],
          ["Owner", owner || "nobody"],
          ["Isolation", isolation],
          ["Code", version || "not loaded yet"],
          ["Instance", instance],
          [
            "In charge",
            standbyFor === null
              ? "this instance"
              : `${standbyFor} handles its events; this instance answers calls and takes over when that one ends`,
          ],
        ]}
      />
      <Meter label="Busy lately" share={pool.utilization} text={wholePercent(pool.utilization)} />
      <TextLink href={`${APP_PATH}/workers?tab=decisions&text=${encodeURIComponent(pool.function)}`}>
        Why it has as many workers
      </TextLink>
      {workers.length === 0 && <Text color="secondary">It has no worker now.</Text>}
      {workers.map((worker, index) => (
        <WorkerFacts key={worker.pid ?? `starting-${index}`} worker={worker} current={version} />
      ))}
    </Stack>
  );
}

function WorkerFacts({ worker, current }: { worker: Worker; current: string }) {
  const { pid, isServing, level, version } = worker;
  return (
    <section aria-label={pid === null ? "A worker that starts" : `Worker ${pid}`}>
      <Stack alignItems="center" gap={1}>
        <Text element="h3" variant="h6">
          {pid === null ? "Process to come" : `Process ${pid}`}
        </Text>
        {isServing ? (
          <Badge text="serving" color="green" tooltip="It may be sent calls." />
        ) : (
          <Badge text="not serving" color="darkgrey" tooltip="It starts, is replaced, or goes." />
        )}
      </Stack>
      <Facts
        facts={[
          ["Calls now", count(worker.callsInFlight)],
          [
            "Most memory so far",
            worker.memoryBytes === null ? "not known before its first call" : bytes(worker.memoryBytes),
          ],
          ["Start", `${START_METHODS[worker.startMethod]}, in ${seconds(worker.startSeconds)}`],
          ["User of its own", level.ownUser ? "yes" : `no: ${level.ownUserReason ?? NONE}`],
          ["Control group of its own", level.cgroup ? "yes" : "no"],
          ["Runs on", worker.runtime],
          ["Code", version === current ? version : `${version}, which is not what serves`],
        ]}
      />
    </section>
  );
}
