import { defaultOutputKey, OUTPUTS_KEY } from "@gaugelet/shared/keys";
import { parseOutputEntry } from "@gaugelet/shared/outputs";
import type { RedisClient } from "@gaugelet/shared/redis/connection";
import type { KeyPattern } from "@gaugelet/shared/redis/glob";
import { scanKeys } from "@gaugelet/shared/redis/scan";
import type { OutputSource } from "../configuration.ts";
import { type DropReason, MAX_NAME_LENGTH } from "../drops.ts";
import { hostOf } from "./host.ts";
import type { Output } from "./output.ts";

const MAX_OUTPUTS = 10_000;
/** Keys that one SCAN looks at: about a millisecond of Redis' time. */
const SCAN_COUNT = 10_000;

/**
 * Find the outputs to export: those that runtimes announce in `gaugelet:outputs`, then the keys that match the
 * configuration, each once and in the order of their keys.
 */
export async function discoverOutputs(
  redis: RedisClient,
  sources: readonly OutputSource[],
  signal: AbortSignal,
  drop: (reason: DropReason, key: string) => void,
): Promise<Output[]> {
  const outputs = new Map<string, Output>();
  const isFull = (): boolean => outputs.size >= MAX_OUTPUTS;
  /** Whether an output of these names can be added; looked at first, as matching long names costs time. */
  const accepts = (...names: string[]): boolean => {
    const isLong = names.some((name) => name.length > MAX_NAME_LENGTH);
    if (isLong) drop("name_too_long", names.join(" ").slice(0, MAX_NAME_LENGTH));
    else if (isFull()) drop("too_many_outputs", OUTPUTS_KEY);
    else return true;
    return false;
  };

  for (const [key, json] of Object.entries(await announced(redis, drop))) {
    const entry = parseOutputEntry(json);
    if (entry === undefined) {
      drop("invalid_entry", key.slice(0, MAX_NAME_LENGTH));
    } else if (accepts(key, entry.function, entry.shard ?? "")) {
      outputs.set(key, {
        key,
        functionName: entry.function,
        shard: entry.shard,
        host: hostOf(key, entry.shard, sources),
        storedAt: entry.storedAt,
        staleAfter: entry.staleAfter ?? undefined,
      });
    }
  }
  for (const { pattern, staleAfter } of sources) {
    for await (const key of keysOf(redis, pattern, signal, drop)) {
      if (outputs.has(key) || isInternal(key)) continue;
      if (accepts(key)) {
        outputs.set(key, {
          key,
          functionName: key,
          shard: pattern.match(key) || undefined,
          host: hostOf(key, undefined, sources),
          storedAt: undefined,
          staleAfter,
        });
      } else if (isFull()) break;
    }
  }
  return [...outputs.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Entries of `gaugelet:outputs`; none where its rights or type don't allow it: configured keys still work. */
async function announced(
  redis: RedisClient,
  drop: (reason: DropReason, key: string) => void,
): Promise<Record<string, string>> {
  try {
    return await redis.hgetall(OUTPUTS_KEY);
  } catch (error) {
    drop(readProblem(error), OUTPUTS_KEY);
    return {};
  }
}

async function* keysOf(
  redis: RedisClient,
  pattern: KeyPattern,
  signal: AbortSignal,
  drop: (reason: DropReason, key: string) => void,
): AsyncGenerator<string> {
  if (pattern.isLiteral) {
    yield pattern.prefix;
    return;
  }
  try {
    for await (const keys of scanKeys(redis, pattern.text, SCAN_COUNT, signal)) yield* keys;
  } catch (error) {
    drop(readProblem(error), pattern.text);
  }
}

/**
 * What an error reply to a reading command means for the key.
 *
 * @throws the error itself where it is no reply: then the connection failed, not the key.
 */
export function readProblem(error: unknown): DropReason {
  if (!(error instanceof Error) || error.name !== "ReplyError") throw error;
  return error.message.startsWith("WRONGTYPE") ? "wrong_type" : "read_error";
}

/** True for Gaugelet's own bookkeeping, which a wide pattern such as `*` matches too. */
function isInternal(key: string): boolean {
  return key.startsWith("gaugelet:") && !key.startsWith(defaultOutputKey(""));
}
