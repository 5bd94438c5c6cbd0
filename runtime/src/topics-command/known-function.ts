import { INSTANCES_KEY, instanceKey, OUTPUTS_KEY } from "@gaugelet/shared/keys";
import { parseOutputEntry } from "@gaugelet/shared/outputs";
import type { Redis } from "ioredis";
import { readRecord } from "../instances/registry.ts";

/**
 * Refuse a name that is most likely misspelt: no runtime that is there lists it, and no output is of it.
 *
 * @throws Error that says so.
 */
export async function requireKnown(redis: Redis, name: string): Promise<void> {
  if ((await hasOutput(redis, name)) || (await isListed(redis, name))) return;
  throw new Error(
    `cannot find a function ${JSON.stringify(name)}: no runtime that is there lists it, and there is no output of it`,
  );
}

async function hasOutput(redis: Redis, name: string): Promise<boolean> {
  const entries = await redis.hvals(OUTPUTS_KEY);
  return entries.some((text) => parseOutputEntry(text)?.function === name);
}

async function isListed(redis: Redis, name: string): Promise<boolean> {
  const ids = await redis.zrangebyscore(INSTANCES_KEY, "-inf", "+inf");
  for (const id of ids) {
    const text = await redis.get(instanceKey(id));
    const functions = text === null ? [] : (readRecord(text)?.functions ?? []);
    if (functions.some((each) => each.name === name)) return true;
  }
  return false;
}
