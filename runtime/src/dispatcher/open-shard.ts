import type { Logger } from "pino";
import type { RedisStore } from "../sinks/redis-store.ts";
import { WorkerDiedError } from "../workers/errors.ts";
import type { WorkerEnd } from "../workers/transport.ts";
import type { Worker } from "../workers/worker.ts";
import type { Delivery } from "./delivery.ts";
import type { Lane } from "./lane.ts";

/** An env that ends each process that reads it would do so for ever; once may have been an accident. */
const MAX_DEATHS_AT_RESTORE = 2;

/** Whoever waits for an answer is told soon that it cannot be had. */
const READ_MILLISECONDS = 1_000;
/** Told by so many ticks: a process that was held up for long hears what came meanwhile before the next one. */
const READ_TICKS = 10;

/** What {@link openShard} needs besides the lane and the worker. */
export interface OpenShardParts {
  readonly functionName: string;
  readonly store: RedisStore;
  readonly log: Logger;
  readonly keepsEnv: boolean;
  readonly patience: AbortSignal;
  /** What is stored cannot be read now, which is tried on. */
  readonly onUnread: () => void;
  /** The worker ended while it read the saved env. */
  readonly onDeath: (end: WorkerEnd) => void;
}

/** Give a worker a shard, with what is stored of its `env`. A worker that ends over it is heard of by its pool. */
export async function openShard(lane: Lane, worker: Worker<Delivery>, parts: OpenShardParts): Promise<void> {
  const { functionName, store, log, keepsEnv, patience } = parts;
  const head = { shard: lane.number, name: lane.shard, outputKey: lane.outputKey, keepEnv: keepsEnv };
  let env: Buffer | undefined;
  if (keepsEnv || !lane.isKnown) {
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
      if (ticks < READ_TICKS) return;
      lane.isUnread = true;
      parts.onUnread();
      clearInterval(ticking);
    }, READ_MILLISECONDS / READ_TICKS);
    // What a worker before this one did must be in the store first.
    await lane.outbox.settled;
    const stored = await store.read(lane.outputKey, functionName, patience);
    clearInterval(ticking);
    lane.isUnread = false;
    if (stored === undefined) return;
    lane.outbox.noteStored(stored.storedAt);
    lane.isKnown = true;
    if (keepsEnv && lane.deathsAtRestore < MAX_DEATHS_AT_RESTORE) env = stored.env;
    else if (keepsEnv) {
      log.error("the saved env ends every process that reads it; the function begins with an empty env");
    }
  }
  const isGone = worker.hasEnded;
  try {
    const problem = await worker.restore(head, env);
    if (problem !== null) log.warn(`${problem}; the function begins with an empty env`);
    lane.deathsAtRestore = 0;
  } catch (error) {
    if (!(error instanceof WorkerDiedError)) throw error;
    // It did not end for what it read.
    if (isGone || worker.isStopped) return;
    lane.deathsAtRestore += 1;
    parts.onDeath(error.end);
  }
}
