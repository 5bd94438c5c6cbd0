import {
  deadLetterKey,
  delayedKey,
  envKey,
  leaseKey,
  OUTPUTS_KEY,
  positionKey,
  seenKey,
  topicKey,
} from "@gaugelet/shared/keys";
import { parseOutputEntry } from "@gaugelet/shared/outputs";
import type { Redis } from "ioredis";

/**
 * Forget what a function left behind in Redis: its outputs, its `env`, how far it is, and its dead letters. Whoever
 * is in the middle of storing for it cannot any more, since its lease is gone; nobody may run it on.
 *
 * @param outputKeys as its manifests say, or said; with the placeholder where there are shards, which are found by
 *   the outputs that they announced.
 * @param topics that they read, or did: where they are in this Redis, each has the function's group.
 * @throws Error where Redis is away, or forbids it.
 */
export async function forgetFunction(
  redis: Redis,
  name: string,
  outputKeys: readonly string[],
  topics: readonly string[],
): Promise<void> {
  // Before all else: what is stored after this would stay.
  if (outputKeys.length > 0) await redis.unlink(...outputKeys.map(leaseKey));
  const announced = Object.entries(await redis.hgetall(OUTPUTS_KEY));
  const entries = new Map(announced.map(([key, json]) => [key, parseOutputEntry(json)?.function]));
  // Another function may have the key by now.
  const own = [...new Set([...outputKeys, ...entries.keys()])].filter(
    (key) => entries.get(key) === name || (!entries.has(key) && outputKeys.includes(key)),
  );
  await redis.unlink(deadLetterKey(name), ...own.flatMap(keysBehind));
  if (own.length > 0) await redis.hdel(OUTPUTS_KEY, ...own);
  for (const topic of topics) {
    await redis.xgroup("DESTROY", topicKey(topic), name).catch((error: Error) => {
      if (!NO_TOPIC.test(error.message)) throw error;
    });
  }
}

/** It was deleted, is Kafka's, or never was one. */
const NO_TOPIC = /requires the key to exist|^WRONGTYPE/;

function keysBehind(outputKey: string): string[] {
  return [outputKey, envKey(outputKey), positionKey(outputKey), delayedKey(outputKey), seenKey(outputKey)];
}
