import type { Logger } from "pino";
import type { Call, Worker } from "./worker.ts";

/** Why a new worker cannot go on from the `env` of the old one. */
export interface HandOverProblem {
  readonly reason: string;
  /** Whether another worker of the same code may. */
  readonly mayPass: boolean;
}

/**
 * Give a new worker the live `env` of the old one. Where the old one has ended, its shards come from what is
 * stored.
 *
 * @param nameOf what a shard's number stands for.
 * @returns why the new one cannot go on from there; else null.
 */
export async function handOver<C extends Call>(
  old: Worker<C>,
  replacement: Worker<C>,
  nameOf: (shard: number) => { readonly name: string; readonly outputKey: string },
  log: Logger,
): Promise<HandOverProblem | null> {
  for (const shard of old.shards) {
    let env: Buffer | undefined;
    try {
      const snapshot = await old.snapshot(shard);
      env = snapshot.env;
      if (snapshot.problem !== null) {
        log.warn(`${snapshot.problem}; the new version gets the env that was last saved`);
      }
    } catch {
      return null;
    }
    if (env === undefined) continue;
    try {
      const problem = await replacement.restore({ shard, ...nameOf(shard), keepEnv: true }, env);
      if (problem !== null) return { reason: problem, mayPass: false };
      // Taken back to what is stored meanwhile, from where it comes then.
      if (!old.shards.has(shard)) replacement.forget(shard);
    } catch (error) {
      return { reason: `the new process ${(error as Error).message}`, mayPass: true };
    }
  }
  return null;
}
