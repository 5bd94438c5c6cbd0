import type { FunctionDefinition } from "../configuration/manifest.ts";
import { outputKeyOf } from "../configuration/manifest.ts";
import type { FunctionPackage } from "../packages/package.ts";
import type { RedisStore } from "../sinks/redis-store.ts";
import type { CallResult } from "../workers/call-result.ts";
import type { WorkerEnd } from "../workers/transport.ts";
import { type Call, Worker, type WorkerOptions } from "../workers/worker.ts";

/** What one call came to: an answer, or the end of its worker. */
export type ReplayedCall =
  | { readonly kind: "answered"; readonly worker: Worker; readonly result: CallResult }
  | { readonly kind: "ended"; readonly worker: Worker; readonly end: WorkerEnd; readonly seconds: number };

/** What a {@link ReplayWorker} is made of. */
export interface ReplayWorkerParts {
  readonly definition: FunctionDefinition;
  readonly code: FunctionPackage;
  readonly options: WorkerOptions;
  /** Where `env` is copied from; undefined: each shard begins with an empty one. */
  readonly store: RedisStore | undefined;
  readonly signal: AbortSignal;
}

/** A worker of a replay's own, which nothing that it does is stored of. One that ends is followed by another. */
export class ReplayWorker {
  readonly #parts: ReplayWorkerParts;
  readonly #shards = new Map<string, number>();
  #worker: Worker | undefined;
  #hear: (result: CallResult) => void = () => {};

  constructor(parts: ReplayWorkerParts) {
    this.#parts = parts;
  }

  /** @throws Error where the code cannot be loaded. */
  async call(shard: string, call: Call): Promise<ReplayedCall> {
    const worker = await this.#started();
    const number = await this.#open(worker, shard);
    const since = performance.now();
    const answered = new Promise<ReplayedCall>((resolve) => {
      this.#hear = (result) => resolve({ kind: "answered", worker, result });
    });
    const ended = worker.ended.then((end): ReplayedCall => {
      if (this.#worker === worker) this.#worker = undefined;
      return { kind: "ended", worker, end, seconds: (performance.now() - since) / 1000 };
    });
    worker.invoke(call, number, Number.NaN, since);
    return await Promise.race([answered, ended]);
  }

  async stop(): Promise<void> {
    await this.#worker?.stop();
  }

  async #started(): Promise<Worker> {
    if (this.#worker !== undefined && !this.#worker.hasEnded) return this.#worker;
    const { code, options, signal } = this.#parts;
    const worker = await Worker.start(code, options, signal);
    worker.listen({ onResult: (_call, result) => this.#hear(result), onSaved: () => {} });
    this.#shards.clear();
    this.#worker = worker;
    return worker;
  }

  async #open(worker: Worker, shard: string): Promise<number> {
    const known = this.#shards.get(shard);
    if (known !== undefined) return known;
    const { definition, store, signal } = this.#parts;
    const number = this.#shards.size;
    const outputKey = outputKeyOf(definition, shard);
    const keepEnv = definition.state !== "none";
    const stored = keepEnv ? await store?.read(outputKey, definition.name, signal) : undefined;
    await worker.restore({ shard: number, name: shard, outputKey, keepEnv }, stored?.env);
    this.#shards.set(shard, number);
    return number;
  }
}
