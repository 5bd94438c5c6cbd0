import { describeAddress } from "@gaugelet/shared/redis/address";
import { connectRedis, SILENCE_MILLISECONDS } from "@gaugelet/shared/redis/connection";
import type { Logger } from "pino";
import { assemble, type CommonParts } from "./assemble.ts";
import { CatalogDoor } from "./catalog/door.ts";
import type { RuntimeConfiguration } from "./configuration/environment.ts";
import type { FunctionDefinition } from "./configuration/manifest.ts";
import { Turns } from "./dispatcher/turns.ts";
import { FunctionSet } from "./functions/function-set.ts";
import { FunctionSources } from "./functions/function-sources.ts";
import { FunctionsFile } from "./functions/functions-file.ts";
import { newInstanceId } from "./instances/this-instance.ts";
import { Leases } from "./leases/leases.ts";
import { ConfigurationMetrics } from "./observability/configuration-metrics.ts";
import { RuntimeMetrics } from "./observability/metrics.ts";
import { Installer } from "./packages/dependencies/installer.ts";
import { Backlog } from "./runs/backlog.ts";
import type { RunParts } from "./runs/function-runs.ts";
import { RunIds } from "./runs/run-ids.ts";
import { RedisStore } from "./sinks/redis-store.ts";
import { retireOutput } from "./sinks/retire-output.ts";
import { TopicsOnDemand } from "./topics/on-demand.ts";
import { openTopics } from "./topics/open.ts";
import { FollowedKeys } from "./triggers/redis-key/followed-keys.ts";
import { OwnerLimits } from "./usage/owner-limits.ts";
import { PriceBook } from "./usage/price-book.ts";
import { UsageMeter } from "./usage/usage-meter.ts";
import { MachineLauncher } from "./workers/launch/machine/machine-launcher.ts";
import { SpawnLauncher } from "./workers/launch/spawn.ts";
import { ZygoteLauncher } from "./workers/launch/zygote-launcher.ts";
import { ScalingLog } from "./workers/scaling-log.ts";
import type { Launcher } from "./workers/transport.ts";

/** What runs functions: triggers → dispatcher → workers → store for each of them, and what they share. */
export interface Engine {
  readonly parts: CommonParts;
  /** Those that run here. */
  readonly functions: FunctionSet;
  /** Those that are to run here. */
  readonly sources: FunctionSources;
  /** Where functions come from besides the catalog; undefined: from the environment alone. */
  readonly file: FunctionsFile | undefined;
  /** Undefined where nobody pays. */
  readonly prices: PriceBook | undefined;
  /** This process' id among the runtimes. */
  readonly instance: string;
}

/**
 * Put together what runs functions. Nothing runs before {@link FunctionSet.start}, and Redis is not connected.
 *
 * @param ending is told what is to be ended, in turn.
 */
export async function openEngine(
  configuration: RuntimeConfiguration,
  ending: AsyncDisposableStack,
  log: Logger,
): Promise<Engine> {
  const instance = newInstanceId();
  const prices = configuration.prices ? await PriceBook.open(configuration.prices, log) : undefined;
  if (prices) ending.defer(prices.watch());
  const meter = new UsageMeter(() => (prices ? prices.list : undefined));
  const limits = new OwnerLimits(configuration.ownerRate);
  const machines = new MachineLauncher(
    { folder: configuration.machineFolder, python: configuration.python, preload: configuration.preload },
    log,
  );
  const metrics = new RuntimeMetrics(
    () => functions.runners.map(({ status }) => status.observed),
    () => functions.definitions,
    meter,
    () => machines.running,
  );

  const place = describeAddress(configuration.redis);
  const onUp = (): void => log.info(`connected to Redis at ${place}`);
  const onDown = (reason: string): void =>
    log.error({ reason }, `no connection to Redis at ${place}, trying on: ${reason}`);
  const redis = connectRedis(
    configuration.redis,
    { onUp, onDown },
    { lazyConnect: true, socketTimeout: SILENCE_MILLISECONDS },
  );
  // Every trigger listens for its return.
  redis.setMaxListeners(0);
  ending.defer(() => functions.finished());
  ending.defer(() => redis.disconnect());

  const changes = new FollowedKeys(configuration.redis, log);
  ending.defer(() => changes.stop());

  const scalings = new ScalingLog();
  const { database, runs: recording } = configuration;
  const store = new RedisStore(redis, log, recording.backlog);
  const backlog =
    database && new Backlog(redis, recording.backlog, (entries) => metrics.runsBacklog.set(entries));
  if (backlog !== undefined) ending.defer(() => backlog.stop());
  const runs: RunParts | undefined = backlog && {
    ids: new RunIds(),
    instance,
    recordBytes: recording.recordBytes,
    isBehind: () => backlog.isBehind,
  };
  const leases = new Leases(redis, log);
  ending.defer(() => leases.stop());
  const launcher = chooseLauncher(configuration, log);
  ending.defer(() => launcher.stop());
  ending.defer(() => machines.stop());
  const topics = new TopicsOnDemand(() => openTopics(configuration, log), log);
  ending.defer(() => topics.stop());

  const openTopicsOf = async (definitions: readonly FunctionDefinition[]): Promise<void> => {
    if (definitions.some(usesTopics)) await topics.open();
  };
  /** What these functions need that the others did not. */
  const prepare = async (definitions: readonly FunctionDefinition[]): Promise<void> => {
    changes.follow(watchedKeys(definitions));
    await openTopicsOf(definitions);
  };
  const { stateFolder, python } = configuration;
  const catalog = new CatalogDoor();
  const parts: CommonParts = {
    configuration,
    redis,
    changes,
    store,
    leases,
    turns: new Turns(configuration.busyWorkers),
    meter,
    limits,
    launcher,
    machines,
    topics,
    metrics,
    scalings,
    catalog,
    places: {
      stateFolder,
      readPackage: catalog.readPackage,
      installer: new Installer({ isAllowed: configuration.allowsDependencies, stateFolder, python }),
    },
    runs,
    log,
  };
  const functions = new FunctionSet({
    prepare,
    open: (definition) => openTopicsOf([definition]),
    assemble: (definition) => assemble(definition, parts),
    // Where Redis is away the old output is left as it is.
    onKeyLeft: (before, after) => void retireOutput(redis, before, after).catch(() => {}),
    onGone: (name) => metrics.forget(name),
    log,
  });
  const sources = new FunctionSources(functions, log);
  const file =
    configuration.file &&
    new FunctionsFile(configuration.file, sources, new ConfigurationMetrics(metrics.registry), log);
  if (file === undefined) {
    await sources.setFile({ functions: configuration.functions, isServed: () => true });
  } else await file.begin();
  ending.defer(() => functions.stop());
  // Before: a function waits for the machine that boots for it.
  ending.defer(() => machines.endStarts());
  return { parts, functions, sources, file, prices, instance };
}

/** Patterns of keys that triggers watch. */
function watchedKeys(definitions: readonly FunctionDefinition[]): string[] {
  return definitions.flatMap(({ triggers }) =>
    triggers.flatMap((each) => ("redisKey" in each ? [each.redisKey] : [])),
  );
}

function usesTopics({ triggers, outputTopics }: FunctionDefinition): boolean {
  return outputTopics.length > 0 || triggers.some((trigger) => "topic" in trigger);
}

/** How workers come to be on this system. */
function chooseLauncher({ python, preload }: RuntimeConfiguration, log: Logger): Launcher {
  return process.platform === "linux"
    ? new ZygoteLauncher({ python }, preload, log)
    : new SpawnLauncher({ python });
}
