import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { CatalogDoor } from "./catalog/door.ts";
import { withSecrets } from "./catalog/with-secrets.ts";
import type { RuntimeConfiguration } from "./configuration/environment.ts";
import { type FunctionDefinition, isOutputKeyOf, outputKeyOf } from "./configuration/manifest.ts";
import type { TriggerSpec } from "./configuration/triggers.ts";
import type { Turns } from "./dispatcher/turns.ts";
import type { AssembledFunction } from "./functions/assembled-functions.ts";
import { FunctionRunner } from "./functions/function-runner.ts";
import { NODE_WORKER_FILES, nodeArguments, saysHeapIsFull } from "./javascript/arguments.ts";
import type { Leases } from "./leases/leases.ts";
import { functionLog } from "./observability/function-log.ts";
import { FunctionMetrics } from "./observability/function-metrics.ts";
import type { RuntimeMetrics } from "./observability/metrics.ts";
import { bringCode, type CodePlaces } from "./packages/bring-code.ts";
import { watchSource } from "./packages/watch-source.ts";
import type { RunParts } from "./runs/function-runs.ts";
import type { RedisStore } from "./sinks/redis-store.ts";
import type { TopicsOnDemand } from "./topics/on-demand.ts";
import { PrometheusTrigger } from "./triggers/prometheus/trigger.ts";
import type { FollowedKeys } from "./triggers/redis-key/followed-keys.ts";
import { RedisKeyTrigger } from "./triggers/redis-key/trigger.ts";
import { ScheduleTrigger } from "./triggers/schedule/trigger.ts";
import type { Trigger } from "./triggers/trigger.ts";
import type { OwnerLimits } from "./usage/owner-limits.ts";
import type { UsageMeter } from "./usage/usage-meter.ts";
import type { MachineLauncher } from "./workers/launch/machine/machine-launcher.ts";
import type { GrowthPolicy } from "./workers/launch/machine/sizes.ts";
import { pythonEnvironment, workerEnvironment } from "./workers/launch/python-program.ts";
import { scriptLaunch } from "./workers/launch/script-program.ts";
import type { ScalingLog } from "./workers/scaling-log.ts";
import type { Launcher } from "./workers/transport.ts";
import type { WorkerOptions } from "./workers/worker.ts";

/** How much larger than its limit a function's machines become, where the manifest says no more. */
const USUAL_GROWTH = 4;

/** What all functions share. */
export interface CommonParts {
  readonly configuration: RuntimeConfiguration;
  readonly redis: Redis;
  readonly changes: FollowedKeys;
  readonly store: RedisStore;
  readonly leases: Leases;
  readonly turns: Turns;
  readonly meter: UsageMeter;
  readonly limits: OwnerLimits;
  readonly launcher: Launcher;
  /** Of functions at isolation `microvm`. */
  readonly machines: MachineLauncher;
  readonly topics: TopicsOnDemand;
  readonly metrics: RuntimeMetrics;
  readonly scalings: ScalingLog;
  readonly catalog: CatalogDoor;
  readonly places: CodePlaces;
  readonly runs: RunParts | undefined;
  readonly log: Logger;
}

/** Wire one function. */
export function assemble(definition: FunctionDefinition, parts: CommonParts): AssembledFunction {
  const { store, metrics, leases, turns, meter, limits, scalings } = parts;
  const log = parts.log.child({ function: definition.name });
  const runner = new FunctionRunner({
    definition,
    makeTrigger: (spec) => makeTrigger(spec, definition, parts, log),
    leases,
    turns,
    topics: parts.topics.opened,
    // Where its code is may have changed since.
    prepare: (signal) => bringCode(runner.definition, parts.places, log, signal),
    worker: workerOptions(definition, parts, log),
    store,
    metrics: new FunctionMetrics(definition.name, metrics, meter.tallyOf(definition)),
    limits,
    scalings,
    runs: parts.runs,
    log,
  });
  return { runner, dispose: watchSource(definition.source, () => runner.reload()) };
}

/** A trigger that pushes its events; undefined for the other kinds. */
function makeTrigger(
  spec: TriggerSpec,
  definition: FunctionDefinition,
  { configuration, redis, changes, store }: CommonParts,
  log: Logger,
): Trigger | undefined {
  if ("schedule" in spec) return new ScheduleTrigger(spec);
  if ("prometheus" in spec) return new PrometheusTrigger(spec, configuration.prometheus, log);
  if (!("redisKey" in spec)) return undefined;
  return new RedisKeyTrigger(spec, {
    redis,
    changes,
    log,
    sharded: definition.state === "partition",
    isOwnOutput: (key) => isOutputKeyOf(definition, key),
    lastPosition: (shard, source) => store.lastPosition(outputKeyOf(definition, shard), source),
  });
}

/** What each worker of a function is told. */
export function workerOptions(
  definition: FunctionDefinition,
  {
    configuration,
    launcher,
    machines,
    catalog,
    runs,
  }: Pick<CommonParts, "configuration" | "launcher" | "machines" | "catalog" | "runs">,
  log: Logger,
): WorkerOptions {
  const { owner, language, handler, isolation, network, environment, secrets, limits } = definition;
  const isNode = language === "javascript" || language === "typescript";
  const script = language === "script" ? scriptLaunch(handler, environment, limits.memory) : undefined;
  const { memory, cpu, openFiles, processes, disk } = limits;
  return {
    launcher: withSecrets(
      isolation === "microvm"
        ? machines.of({ functionName: definition.name, growth: growthOf(definition) })
        : launcher,
      owner,
      secrets,
      catalog,
    ),
    launch: {
      program: isNode ? [process.execPath, ...nodeArguments(limits)] : null,
      readOnly: isNode ? NODE_WORKER_FILES : (script?.readOnly ?? []),
      environment: isNode
        ? workerEnvironment(environment)
        : (script?.environment ?? pythonEnvironment(environment)),
      // A machine is the wall around it; in there it has the user, the limits and the group of a process.
      isolation: isolation === "microvm" ? "process" : isolation,
      network,
      // The kernel counts the whole life of a process; only the Python worker tells it anew for each call.
      limits: { memory: script?.memory ?? memory, cpu: isNode ? null : cpu, openFiles, processes, disk },
    },
    lines: functionLog(log, limits.logLinesPerSecond),
    keepsLines: runs !== undefined,
    saysMemoryIsFull: (line) => isNode && saysHeapIsFull(line),
    // The worker tells a script by its path from a module.
    handler: script !== undefined ? `./${handler}` : handler,
    redis: configuration.redis,
    limits,
  };
}

/** When the next machines of a function are larger; undefined: never. */
function growthOf({ workers, limits: { memory } }: FunctionDefinition): GrowthPolicy | undefined {
  if (workers.grow !== "size" || memory === null) return undefined;
  const most = workers.maxMemory ?? USUAL_GROWTH * memory;
  return { ...workers.scaleUp, mostDoublings: Math.max(0, Math.floor(Math.log2(most / memory))) };
}
