import { setTimeout as sleep } from "node:timers/promises";
import { leaseKey } from "@gaugelet/shared/keys";
import type { Redis } from "ioredis";
import type { FunctionSources } from "../functions/function-sources.ts";
import type { InstanceRegistry } from "../instances/registry.ts";
import { untilAborted } from "../until-aborted.ts";

/** Longer than a runtime takes to finish what is under way, or to end it. */
const LONGEST_MILLISECONDS = 6_000;
/** By then the other runtimes have seen that the catalog changed: they look every half second. */
const FOLLOWED_MILLISECONDS = 1_000;
const LOOK_EVERY_MILLISECONDS = 100;

/**
 * Wait until no runtime has a function any more that was deleted: what one stores after it was forgotten would stay.
 * One that hangs, or is gone without having said so, is waited for 6 seconds; its lease is taken away then.
 *
 * @param outputKeys as its manifests say, or said.
 * @throws Error where Redis is away, or forbids to look.
 */
export async function untilLetGo(
  {
    redis,
    functions,
    instances,
  }: {
    readonly redis: Redis;
    readonly functions: FunctionSources;
    readonly instances: InstanceRegistry;
  },
  name: string,
  outputKeys: readonly string[],
): Promise<void> {
  const signal = AbortSignal.timeout(LONGEST_MILLISECONDS);
  // Where Redis is away nothing is let go of, and nothing can be forgotten either.
  const there = await instances.list();
  await untilAborted(functions.settled(name), signal);
  if (there.every(({ id }) => id === instances.id)) return;
  await sleep(FOLLOWED_MILLISECONDS);
  while (!signal.aborted && (await isOwned(redis, outputKeys))) await sleep(LOOK_EVERY_MILLISECONDS);
}

async function isOwned(redis: Redis, outputKeys: readonly string[]): Promise<boolean> {
  const owners = await Promise.all(outputKeys.map((key) => redis.hget(leaseKey(key), "owner")));
  // One that was let go of has an empty owner.
  return owners.some(Boolean);
}
