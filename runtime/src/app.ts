import { describeAddress } from "@gaugelet/shared/redis/address";
import { connectRedis } from "@gaugelet/shared/redis/connection";
import { coveringPrefixes, parseKeyPattern } from "@gaugelet/shared/redis/glob";
import { KeyChanges } from "@gaugelet/shared/redis/key-changes";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { RuntimeConfiguration } from "./configuration/environment.ts";
import { type FunctionDefinition, outputKeyOf } from "./configuration/manifest.ts";
import { FunctionRunner } from "./functions/function-runner.ts";
import { managementRoutes } from "./http/management.ts";
import { serve } from "./http/server.ts";
import { statusPageRoutes } from "./http/status-page.ts";
import { NODE_WORKER_FILES, nodeArguments, saysHeapIsFull } from "./javascript/arguments.ts";
import { favourSizeUntilBusy } from "./memory.ts";
import { functionLog } from "./observability/function-log.ts";
import { FunctionMetrics } from "./observability/function-metrics.ts";
import { RuntimeMetrics } from "./observability/metrics.ts";
import { preparePackage } from "./packages/prepare.ts";
import { watchSource } from "./packages/watch.ts";
import { RedisStore } from "./sinks/redis-store.ts";
import type { Callable } from "./triggers/http/callable.ts";
import { answerCalls } from "./triggers/http/calls.ts";
import { RedisKeyTrigger } from "./triggers/redis-key/trigger.ts";
import { ScheduleTrigger } from "./triggers/schedule/trigger.ts";
import type { Trigger } from "./triggers/trigger.ts";
import { IsolationError } from "./workers/errors.ts";
import { pythonEnvironment, workerEnvironment } from "./workers/launch/python-program.ts";
import { SpawnLauncher } from "./workers/launch/spawn.ts";
import { ZygoteLauncher } from "./workers/launch/zygote.ts";
import type { Launcher } from "./workers/transport.ts";
import type { WorkerOptions } from "./workers/worker.ts";

/** A running runtime. */
export interface Runtime {
  /** Ports listened on; `status` is undefined in drop-in mode. */
  readonly ports: { readonly management: number; readonly status: number | undefined };
  /** What can be called from this process. */
  readonly functions: readonly Callable[];
  /** Finish what is under way and end everything that was started, last in, first out. */
  stop(): Promise<void>;
}

/**
 * Start the runtime: triggers → queue → worker → store for each function.
 *
 * @throws ConfigurationError where a port cannot be listened on; everything else that may be missing, Redis
 * and the functions' code first of all, is waited for.
 */
export async function startRuntime(configuration: RuntimeConfiguration, log: Logger): Promise<Runtime> {
  const teardown: (() => void | Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const undo of teardown.splice(0).reverse()) await undo();
  };
  try {
    const runners: FunctionRunner[] = [];
    const metrics = new RuntimeMetrics(() => runners.map(({ observed }) => observed));

    const place = describeAddress(configuration.redis);
    const onUp = (): void => log.info(`connected to Redis at ${place}`);
    const onDown = (reason: string): void =>
      log.error({ reason }, `no connection to Redis at ${place}, trying on: ${reason}`);
    const redis = connectRedis(configuration.redis, { onUp, onDown }, { lazyConnect: true });
    // Every trigger listens for its return.
    redis.setMaxListeners(0);
    teardown.push(async () => void (await Promise.all(runners.map(({ finished }) => finished))));
    teardown.push(() => redis.disconnect());

    const changes = followKeys(configuration, log);
    teardown.push(() => changes.stop());

    const store = new RedisStore(redis, log);
    const launcher = chooseLauncher(configuration, log);
    teardown.push(() => launcher.stop());

    const parts: CommonParts = { configuration, redis, changes, store, launcher, metrics, log };
    for (const definition of configuration.functions) runners.push(assemble(definition, parts, teardown));
    teardown.push(async () => void (await Promise.all(runners.map((runner) => runner.stop()))));

    const management = await serve(
      configuration.management,
      "GAUGELET_MANAGEMENT_PORT",
      managementRoutes(redis, runners, metrics),
    );
    teardown.push(() => management.stop());
    const status =
      configuration.status &&
      (await serve(
        configuration.status,
        "GAUGELET_RUNTIME_PORT",
        statusPageRoutes(runners, management.port),
        await answerCalls(runners),
      ));
    if (status !== undefined) teardown.push(() => status.stop());

    teardown.push(favourSizeUntilBusy(() => runners.reduce((sum, { calls }) => sum + calls, 0)));
    // Only now: what cannot listen should say nothing about Redis.
    redis.connect().catch(() => {});
    for (const runner of runners) runner.start();
    return { ports: { management: management.port, status: status?.port }, functions: runners, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What all functions share. */
interface CommonParts {
  readonly configuration: RuntimeConfiguration;
  readonly redis: Redis;
  readonly changes: KeyChanges;
  readonly store: RedisStore;
  readonly launcher: Launcher;
  readonly metrics: RuntimeMetrics;
  readonly log: Logger;
}

/** Hear of changes of every key that a trigger watches, over one pair of connections. */
function followKeys({ redis, functions }: RuntimeConfiguration, log: Logger): KeyChanges {
  const keys = functions.flatMap(({ triggers }) =>
    triggers.flatMap((each) => ("redisKey" in each ? [each.redisKey] : [])),
  );
  return new KeyChanges(redis, coveringPrefixes(keys.map(parseKeyPattern)), (pushing, reason) => {
    if (pushing) log.info("Redis tells of changed keys at once");
    else log.warn({ reason }, "Redis does not tell of changed keys for now: they are polled");
  });
}

/** Wire one function. */
function assemble(
  definition: FunctionDefinition,
  parts: CommonParts,
  teardown: (() => void)[],
): FunctionRunner {
  const { configuration, redis, changes, store, metrics } = parts;
  const log = parts.log.child({ function: definition.name });
  metrics.register(definition);
  const triggers = definition.triggers.flatMap((spec): Trigger[] => {
    if ("http" in spec) return [];
    if ("schedule" in spec) return [new ScheduleTrigger(spec)];
    return [
      new RedisKeyTrigger(spec, {
        redis,
        changes,
        log,
        sharded: definition.state === "partition",
        lastPosition: (shard, source) => store.lastPosition(outputKeyOf(definition, shard), source),
      }),
    ];
  });
  const runner = new FunctionRunner({
    definition,
    triggers,
    prepare: (signal) => preparePackage(definition.source, configuration.stateFolder, signal),
    worker: workerOptions(definition, parts, log),
    store,
    metrics: new FunctionMetrics(definition.name, metrics),
    log,
  });
  teardown.push(watchSource(definition.source, () => runner.reload()));
  return runner;
}

/** How workers come to be on this system. */
function chooseLauncher({ python, preload }: RuntimeConfiguration, log: Logger): Launcher {
  return process.platform === "linux"
    ? new ZygoteLauncher({ python }, preload, log)
    : new SpawnLauncher({ python });
}

function workerOptions(
  { language, handler, isolation, network, environment, limits }: FunctionDefinition,
  { configuration, launcher }: CommonParts,
  log: Logger,
): WorkerOptions {
  const isPython = language === "python";
  const { memory, cpu, openFiles, processes, disk } = limits;
  return {
    launcher: isolation === "microvm" ? NO_MICRO_VMS : launcher,
    launch: {
      program: isPython ? null : [process.execPath, ...nodeArguments(limits)],
      readOnly: isPython ? [] : NODE_WORKER_FILES,
      environment: isPython ? pythonEnvironment(environment) : workerEnvironment(environment),
      isolation: isolation === "microvm" ? "sandbox" : isolation,
      network,
      // The kernel counts the whole life of a process; only the Python worker tells it anew for each call.
      limits: { memory, cpu: isPython ? cpu : null, openFiles, processes, disk },
    },
    lines: functionLog(log, limits.logLinesPerSecond),
    saysMemoryIsFull: (line) => !isPython && saysHeapIsFull(line),
    handler,
    redis: configuration.redis,
    limits,
  };
}

const NO_MICRO_VMS: Launcher = {
  launch: () =>
    Promise.reject(
      new IsolationError(
        "isolation: microvm cannot be had: this runtime has no micro VMs; choose sandbox, or a runtime that has",
      ),
    ),
  stop: async () => {},
};
