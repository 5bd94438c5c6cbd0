import { delayedKey, OUTPUTS_KEY, positionKey } from "@gaugelet/shared/keys";
import type { Redis } from "ioredis";
import { type FunctionDefinition, outputKeyOf } from "../configuration/manifest.ts";
import { readDelayed } from "../triggers/topic/delayed-event.ts";
import { announcedOutputs } from "./announced-outputs.ts";

type Definition = Pick<FunctionDefinition, "name" | "outputKey" | "state">;

/**
 * KEYS: outputs. ARGV: output key, function.
 *
 * @returns 0 where another function has stored there by now: that is its own.
 */
const RETIRE_SCRIPT = `
local stored = redis.call('HGET', KEYS[1], ARGV[1])
if not stored then return 1 end
local read, entry = pcall(cjson.decode, stored)
if not read or type(entry) ~= 'table' or entry['function'] ~= ARGV[2] then return 0 end
entry.left = true
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(entry))
return 1
`;

/** Positions of keys are of what the output there came from; those of topics are the function's, wherever it stores. */
const SOURCE_OF_TOPIC = /^(stream|kafka):/;

/** KEYS: delayed events, those of another output key. ARGV: the event, when it is due. */
const MOVE_SCRIPT = `
if redis.call('ZREM', KEYS[1], ARGV[1]) == 1 then redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1]) end
return 1
`;

/** {@link retireKey} for all that a function was before its output key changed. */
export async function retireOutput(redis: Redis, before: Definition, after: Definition): Promise<void> {
  for (const key of await keysOf(redis, before)) await retireKey(redis, key, after);
}

/**
 * Have readers take an output for none that a function stored at a key which is its own no more: of two outputs of one
 * function one is exported, and that would be the old one for ever where it is never stale. It stays, with whose it is,
 * for a function that goes back, but for how far topics were handled: these go on at the key that is its own now, and so
 * do events that wait there to be tried again, or replayed.
 */
export async function retireKey(redis: Redis, key: string, owner: Definition): Promise<void> {
  const isOwn = await redis.eval(RETIRE_SCRIPT, 1, OUTPUTS_KEY, key, owner.name);
  await moveDelayed(redis, key, owner);
  if (isOwn === 1) await forgetTopics(redis, key);
}

/** A function that goes back would else begin where it was then, and handle anew what it has handled since. */
async function forgetTopics(redis: Redis, key: string): Promise<void> {
  const sources = Object.keys(await redis.hgetall(positionKey(key)));
  const ofTopics = sources.filter((source) => SOURCE_OF_TOPIC.test(source));
  if (ofTopics.length > 0) await redis.hdel(positionKey(key), ...ofTopics);
}

/** Where it has shards, those that have an output. */
async function keysOf(redis: Redis, definition: Definition): Promise<string[]> {
  const { name, outputKey, state } = definition;
  if (state !== "partition") return [outputKey];
  const announced = [...(await announcedOutputs(redis, (other) => other === name))];
  return announced.flatMap(([key, { shard = "" }]) => (key === outputKeyOf(definition, shard) ? [key] : []));
}

async function moveDelayed(redis: Redis, key: string, after: Definition): Promise<void> {
  const from = delayedKey(key);
  const found = await redis.zrangebyscore(from, "-inf", "+inf", "WITHSCORES");
  for (let at = 0; at + 1 < found.length; at += 2) {
    const [text = "", due = ""] = found.slice(at, at + 2);
    const event = readDelayed(text);
    if (event === undefined) continue;
    const to = delayedKey(outputKeyOf(after, `${event.topic}-${event.partition}`));
    if (to !== from) await redis.eval(MOVE_SCRIPT, 2, from, to, text, due);
  }
}
