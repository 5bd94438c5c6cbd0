import { describeAddress } from "@gaugelet/shared/redis/address";
import { connectRedis, SILENCE_MILLISECONDS } from "@gaugelet/shared/redis/connection";
import type { Logger } from "pino";
import { startApi } from "./api/start.ts";
import { assemble, type CommonParts, workerOptions } from "./assemble.ts";
import { CatalogDoor } from "./catalog/door.ts";
import type { ListenAddress, RuntimeConfiguration } from "./configuration/environment.ts";
import type { FunctionDefinition } from "./configuration/manifest.ts";
import { Turns } from "./dispatcher/turns.ts";
import { FunctionSet } from "./functions/function-set.ts";
import { FunctionSources } from "./functions/function-sources.ts";
import { FunctionsFile } from "./functions/functions-file.ts";
import { managementRoutes } from "./http/management.ts";
import { serve } from "./http/server.ts";
import { statusPageRoutes } from "./http/status-page.ts";
import { localPageGuard, statusPageGuard } from "./http/status-page-guard.ts";
import { StoppingServers } from "./http/stopping-servers.ts";
import { inlineMore } from "./inlining.ts";
import { InstanceRegistry } from "./instances/registry.ts";
import { describeInstance, newInstanceId } from "./instances/this-instance.ts";
import { Leases } from "./leases/leases.ts";
import { beginSmall, favourSizeUntilBusy } from "./memory.ts";
import { ConfigurationMetrics } from "./observability/configuration-metrics.ts";
import { RuntimeMetrics } from "./observability/metrics.ts";
import { Installer } from "./packages/dependencies/installer.ts";
import { UnusedFolders } from "./packages/unused-folders.ts";
import { Backlog } from "./runs/backlog.ts";
import type { RunParts } from "./runs/function-runs.ts";
import { RunIds } from "./runs/run-ids.ts";
import { LeftOutputs } from "./sinks/left-outputs.ts";
import { RedisStore } from "./sinks/redis-store.ts";
import { retireOutput } from "./sinks/retire-output.ts";
import { keepTicksQuick } from "./ticks.ts";
import { TopicsOnDemand } from "./topics/on-demand.ts";
import { openTopics } from "./topics/open.ts";
import type { Callable } from "./triggers/http/callable.ts";
import { answerCalls } from "./triggers/http/calls.ts";
import { CALL_PATH } from "./triggers/http/targets.ts";
import { FollowedKeys } from "./triggers/redis-key/followed-keys.ts";
import { OwnerLimits } from "./usage/owner-limits.ts";
import { PriceBook } from "./usage/price-book.ts";
import { UsageMeter } from "./usage/usage-meter.ts";
import { MachineLauncher } from "./workers/launch/machine/machine-launcher.ts";
import { SpawnLauncher } from "./workers/launch/spawn.ts";
import { ZygoteLauncher } from "./workers/launch/zygote-launcher.ts";
import { ScalingLog } from "./workers/scaling-log.ts";
import type { Launcher } from "./workers/transport.ts";

/**
 * How long requests alone are waited for when the runtime stops. Then functions are stopped, which answers calls that
 * wait, and has a limit of its own: both together are less than the patience of those who ask for the end.
 */
const CALLS_MILLISECONDS = 1_500;
/** The same of scrapes. */
const SCRAPES_MILLISECONDS = 500;

/** A running runtime. */
export interface Runtime {
  /** Ports listened on; `status` is undefined in drop-in mode. */
  readonly ports: { readonly management: number; readonly status: number | undefined };
  /** What can be called from this process. */
  readonly functions: readonly Callable[];
  /** Read the configuration file again. */
  reload(): Promise<void>;
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
  beginSmall();
  inlineMore();
  keepTicksQuick();
  const teardown: (() => void | Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const undo of teardown.splice(0).reverse()) await undo();
  };
  const servers = new StoppingServers();
  teardown.push(() => servers.closed());
  const instance = newInstanceId();
  try {
    const prices = configuration.prices && (await PriceBook.open(configuration.prices, log));
    if (prices) teardown.push(prices.watch());
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
    teardown.push(() => functions.finished());
    teardown.push(() => redis.disconnect());

    const changes = new FollowedKeys(configuration.redis, log);
    teardown.push(() => changes.stop());

    const scalings = new ScalingLog();
    const { database, runs: recording } = configuration;
    const store = new RedisStore(redis, log, recording.backlog);
    const backlog =
      database && new Backlog(redis, recording.backlog, (entries) => metrics.runsBacklog.set(entries));
    if (backlog !== undefined) teardown.push(() => backlog.stop());
    const runs: RunParts | undefined = backlog && {
      ids: new RunIds(),
      instance,
      recordBytes: recording.recordBytes,
      isBehind: () => backlog.isBehind,
    };
    const leases = new Leases(redis, log);
    teardown.push(() => leases.stop());
    const launcher = chooseLauncher(configuration, log);
    teardown.push(() => launcher.stop());
    teardown.push(() => machines.stop());
    const topics = new TopicsOnDemand(() => openTopics(configuration, log), log);
    teardown.push(() => topics.stop());

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
    const parts: Omit<CommonParts, "topics"> & { readonly topics: () => CommonParts["topics"] } = {
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
      topics: () => topics.opened,
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
    teardown.push(() => functions.stop());
    // Before: a function waits for the machine that boots for it.
    teardown.push(() => machines.endStarts());

    const management = await serve(
      configuration.management,
      "GAUGELET_MANAGEMENT_PORT",
      managementRoutes(
        redis,
        () => functions.runners,
        () => file?.problem,
        metrics,
      ),
    );
    teardown.push(() => servers.stop(management, SCRAPES_MILLISECONDS));
    const listening: { status: ListenAddress | undefined } = { status: undefined };
    const instances = new InstanceRegistry(
      redis,
      instance,
      describeInstance({
        id: instance,
        image: configuration.image,
        stateFolder: configuration.stateFolder,
        listen: () => listening.status,
        runners: () => functions.runners,
      }),
      log,
    );
    const api =
      database && prices && runs
        ? startApi(database, {
            configuration,
            redis,
            functions,
            sources,
            catalog,
            places: parts.places,
            topics,
            scalings,
            instances,
            leases,
            store,
            runs,
            workerFor: (definition) =>
              workerOptions(definition, parts, log.child({ function: definition.name })),
            usage: { prices, meter, limits, metrics: metrics.usage },
            log,
          })
        : undefined;
    if (api !== undefined) teardown.push(() => api.stop());
    const { calls } = configuration.access;
    const guard = calls === "token" ? api?.guard : undefined;
    const isLocal = calls === "local";
    const status =
      configuration.status &&
      (await serve(
        configuration.status,
        "GAUGELET_RUNTIME_PORT",
        statusPageRoutes(
          () => functions.runners,
          () => file?.problem,
          management.port,
        ),
        {
          [CALL_PATH]: answerCalls(functions.targets, guard, isLocal),
          ...(api && { "/api/": api.listener }),
        },
        { guard: isLocal ? localPageGuard : guard && statusPageGuard(guard) },
      ));
    if (status !== undefined) teardown.push(() => servers.stop(status, CALLS_MILLISECONDS));
    if (status !== undefined && configuration.status !== undefined) {
      listening.status = { ...configuration.status, port: status.port };
      // A function in drop-in mode shares its Redis with others, and lists itself nowhere.
      instances.start();
      teardown.push(() => instances.stop());
      // Its name is its output key, as well.
      const left = new LeftOutputs(redis, () => functions.definitions);
      teardown.push(() => left.stop());
      redis.on("ready", () => left.look());
    }

    if (file !== undefined) teardown.push(file.watch());
    const unused = new UnusedFolders({
      stateFolder,
      inUse: () => functions.runners.flatMap(({ status }) => status.packages),
      log,
    });
    teardown.push(() => unused.stop());
    teardown.push(
      favourSizeUntilBusy(() => functions.runners.reduce((sum, { status }) => sum + status.calls, 0)),
    );
    limits.budgets.onChange(() => {
      for (const runner of functions.runners) runner.checkBudget();
    });
    redis.on("ready", () => {
      instances.beat();
      for (const runner of functions.runners) runner.checkStored();
    });
    // Only now: what cannot listen should say nothing about Redis.
    redis.connect().catch(() => {});
    functions.start();
    return {
      ports: { management: management.port, status: status?.port },
      functions: functions.runners,
      reload: async () => await file?.reload(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
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
