import { createLog } from "@gaugelet/shared/log";
import { readConfiguration } from "../../src/configuration/environment.ts";
import { preparePackage } from "../../src/packages/prepare.ts";
import type { CallResult } from "../../src/workers/call-result.ts";
import { pythonEnvironment } from "../../src/workers/launch/python-program.ts";
import { ZygoteLauncher } from "../../src/workers/launch/zygote-launcher.ts";
import { type Call, Worker, type WorkerOptions } from "../../src/workers/worker.ts";
import { referenceEvents } from "./reference/events.ts";

const SHARD = { shard: 0, name: "", outputKey: "bench", keepEnv: true };

/** A worker of the runtime's own that has begun its shard, without the rest of the runtime. */
export interface ForkedWorker {
  readonly pid: number;
  /** @throws Error where the call does not succeed. */
  call(event: Buffer): Promise<CallResult>;
  /** Settles when the `env` is saved that the last call left. */
  saved(): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts workers of one function by fork from a warm zygote. */
export interface WarmFork {
  start(): Promise<ForkedWorker>;
  stop(): Promise<void>;
}

/**
 * Warm a zygote up as the runtime does, for one function of a configuration.
 *
 * @param environment what the runtime would be told.
 */
export async function warmUp(environment: Readonly<Record<string, string>>, name: string): Promise<WarmFork> {
  const configuration = await readConfiguration(environment);
  const definition = configuration.functions.find((each) => each.name === name);
  if (
    definition?.source.kind === "stored" ||
    definition === undefined ||
    definition.isolation === "microvm"
  ) {
    throw new Error(`no function ${name} to fork`);
  }
  const { isolation, network, limits, handler } = definition;
  const { source } = definition;
  const log = createLog("error");
  const launcher = new ZygoteLauncher(configuration, configuration.preload, log);
  const { memory, cpu, openFiles, processes, disk } = limits;
  const options: WorkerOptions = {
    launcher,
    launch: {
      program: null,
      readOnly: [],
      environment: pythonEnvironment({}),
      isolation,
      network,
      limits: { memory, cpu, openFiles, processes, disk },
    },
    lines: { line: () => true, dropped: () => {} },
    saysMemoryIsFull: () => false,
    handler,
    redis: configuration.redis,
    limits,
  };
  const prepared = await preparePackage(source, configuration.stateFolder);
  const code = { ...prepared, number: null, libraries: null };
  const start = async (): Promise<ForkedWorker> =>
    handle(await Worker.start<Call>(code, options, AbortSignal.any([])));
  const stop = (): Promise<void> => launcher.stop();
  try {
    // The first one starts the zygote.
    const first = await start();
    await first.call((await referenceEvents())[0] as Buffer);
    await first.stop();
  } catch (error) {
    await stop();
    throw error;
  }
  return { start, stop };
}

async function handle(worker: Worker): Promise<ForkedWorker> {
  const problem = await worker.restore(SHARD, undefined);
  if (problem !== null) throw new Error(problem);
  let answered = Promise.withResolvers<CallResult>();
  let saved = Promise.withResolvers<unknown>();
  worker.listen({
    onResult: (_call, result) => answered.resolve(result),
    onSaved: (_shard, env) => saved.resolve(env),
  });
  void worker.ended.then(({ reason }) => {
    answered.promise.catch(() => {});
    answered.reject(new Error(`the worker ${reason}`));
  });
  return {
    pid: worker.pid ?? 0,
    call: async (body) => {
      answered = Promise.withResolvers();
      saved = Promise.withResolvers();
      worker.invoke({ body, headText: "", isList: false }, SHARD.shard, Number.NaN, performance.now());
      const result = await answered.promise;
      if (result.outcome !== "ok") throw new Error(`${result.message}\n${result.details}`);
      return result;
    },
    saved: () => saved.promise,
    stop: () => worker.stop(),
  };
}
