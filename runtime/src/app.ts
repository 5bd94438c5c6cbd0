import type { Logger } from "pino";
import type { RuntimeConfiguration } from "./configuration/environment.ts";
import { openEngine } from "./engine.ts";
import { StoppingServers } from "./http/stopping-servers.ts";
import { inlineMore } from "./inlining.ts";
import { beginSmall, favourSizeUntilBusy } from "./memory.ts";
import { UnusedFolders } from "./packages/unused-folders.ts";
import { openServers } from "./servers.ts";
import { LeftOutputs } from "./sinks/left-outputs.ts";
import { keepTicksQuick } from "./ticks.ts";
import type { Callable } from "./triggers/http/callable.ts";

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
 * Start the runtime: what runs functions, what listens, and what looks after both.
 *
 * @throws ConfigurationError where a port cannot be listened on; everything else that may be missing, Redis
 * and the functions' code first of all, is waited for.
 */
export async function startRuntime(configuration: RuntimeConfiguration, log: Logger): Promise<Runtime> {
  beginSmall();
  inlineMore();
  keepTicksQuick();
  await using ending = new AsyncDisposableStack();
  const stopping = new StoppingServers();
  ending.defer(() => stopping.closed());
  const engine = await openEngine(configuration, ending, log);
  const { functions, file } = engine;
  const { redis, limits } = engine.parts;
  const { ports, instances } = await openServers(engine, ending, stopping);

  if (ports.status !== undefined) {
    // A function in drop-in mode has its output key for its name, so that it never leaves one.
    const left = new LeftOutputs(redis, () => functions.definitions);
    ending.defer(() => left.stop());
    redis.on("ready", () => left.look());
  }
  if (file !== undefined) ending.defer(file.watch());
  const unused = new UnusedFolders({
    stateFolder: configuration.stateFolder,
    inUse: () => functions.runners.flatMap(({ status }) => status.packages),
    log,
  });
  ending.defer(() => unused.stop());
  ending.defer(
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
  const running = ending.move();
  return {
    ports,
    functions: functions.runners,
    reload: async () => await file?.reload(),
    stop: async () => await running.disposeAsync(),
  };
}
