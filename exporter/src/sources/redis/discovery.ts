import { isReservedKey, OUTPUTS_KEY } from "@gaugelet/shared/keys";
import { type OutputEntry, overtakenOutputs, parseOutputEntry } from "@gaugelet/shared/outputs";
import type { RedisClient } from "@gaugelet/shared/redis/connection";
import type { KeyPattern } from "@gaugelet/shared/redis/glob";
import { scanKeys } from "@gaugelet/shared/redis/scan";
import type { OutputSource } from "../../configuration.ts";
import { type DropReason, MAX_NAME_LENGTH } from "../../drops.ts";
import { hostOf } from "../../outputs/host.ts";
import type { Output } from "../../outputs/output.ts";
import { readProblem } from "./reading.ts";

/** Keys that one SCAN looks at: about a millisecond of Redis' time. */
const SCAN_COUNT = 10_000;

/** Which outputs there are. */
export interface Discovered {
  /** By key: those that runtimes announce, then those that match the configuration. */
  readonly outputs: Map<string, Output>;
  /** Keys of outputs that are left out. */
  readonly ignored: Set<string>;
  /** The fields of `gaugelet:outputs`. */
  readonly entries: Map<string, string>;
}

export type OnProblem = (reason: DropReason, key: string) => void;

/** What to look for. */
export interface Search {
  readonly sources: readonly OutputSource[];
  /** Whether outputs that runtimes announce are wanted. */
  readonly announced: boolean;
  readonly maxOutputs: number;
}

/**
 * Find the outputs to export: those that runtimes announce in `gaugelet:outputs`, then the keys that match the
 * configuration, each once.
 */
export async function discoverOutputs(
  redis: RedisClient,
  search: Search,
  signal: AbortSignal,
  problem: OnProblem,
): Promise<Discovered> {
  const outputs = new Map<string, Output>();
  const ignored = new Set<string>();
  const isFull = (): boolean => outputs.size >= search.maxOutputs;
  /** Whether an output of these names can be added; looked at first, as matching long names costs time. */
  const accepts = (key: string, ...names: string[]): boolean => {
    const isLong = [key, ...names].some((name) => name.length > MAX_NAME_LENGTH);
    if (isLong) problem("name_too_long", [key, ...names].join(" ").slice(0, MAX_NAME_LENGTH));
    else if (isFull()) problem("too_many_outputs", OUTPUTS_KEY);
    else return true;
    ignored.add(key);
    return false;
  };

  const left = new Set<string>();
  const entries = search.announced ? await announced(redis, problem) : new Map<string, string>();
  const parsed = new Map<string, OutputEntry>();
  for (const [key, json] of entries) {
    const entry = parseOutputEntry(json);
    if (entry === undefined) problem("invalid_entry", key.slice(0, MAX_NAME_LENGTH));
    else parsed.set(key, entry);
  }
  const overtaken = overtakenOutputs(parsed);
  for (const [key, entry] of parsed) {
    if (entry.left || overtaken.has(key)) left.add(key);
    else if (accepts(key, entry.function, entry.shard ?? "")) {
      outputs.set(key, announcedOutput(key, entry, search.sources));
    }
  }
  for (const source of search.sources) {
    for await (const key of keysOf(redis, source.pattern, signal, problem)) {
      if (outputs.has(key) || left.has(key) || isReservedKey(key)) continue;
      if (accepts(key)) outputs.set(key, foreignOutput(key, source, search.sources));
    }
  }
  return { outputs, ignored, entries };
}

/** An output that a runtime announces. */
export function announcedOutput(key: string, entry: OutputEntry, sources: readonly OutputSource[]): Output {
  return {
    key,
    functionName: entry.function,
    shard: entry.shard,
    host: hostOf(key, entry.shard, sources),
    storedAt: entry.storedAt,
    staleAfter: entry.staleAfter ?? undefined,
  };
}

/** An output that another program wrote. */
function foreignOutput(
  key: string,
  { pattern, staleAfter }: OutputSource,
  sources: readonly OutputSource[],
): Output {
  return {
    key,
    functionName: key,
    shard: pattern.match(key) || undefined,
    host: hostOf(key, undefined, sources),
    storedAt: undefined,
    staleAfter,
  };
}

/** Entries of `gaugelet:outputs`; none where its rights or type don't allow it: configured keys still work. */
async function announced(redis: RedisClient, problem: OnProblem): Promise<Map<string, string>> {
  try {
    return new Map(Object.entries(await redis.hgetall(OUTPUTS_KEY)));
  } catch (error) {
    problem(readProblem(error), OUTPUTS_KEY);
    return new Map();
  }
}

async function* keysOf(
  redis: RedisClient,
  pattern: KeyPattern,
  signal: AbortSignal,
  problem: OnProblem,
): AsyncGenerator<string> {
  if (pattern.isLiteral) {
    yield pattern.prefix;
    return;
  }
  try {
    for await (const keys of scanKeys(redis, pattern.text, SCAN_COUNT, signal)) yield* keys;
  } catch (error) {
    problem(readProblem(error), pattern.text);
  }
}
