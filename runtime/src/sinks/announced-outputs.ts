import { OUTPUTS_KEY } from "@gaugelet/shared/keys";
import { type OutputEntry, parseOutputEntry } from "@gaugelet/shared/outputs";
import type { Redis } from "ioredis";

/** What is said of functions' outputs, by their keys; also at keys that they had before. @param isWanted told a function's name. */
export async function announcedOutputs(
  redis: Redis,
  isWanted: (name: string) => boolean,
): Promise<Map<string, OutputEntry>> {
  const wanted = new Map<string, OutputEntry>();
  for (const [key, json] of Object.entries(await redis.hgetall(OUTPUTS_KEY))) {
    const entry = parseOutputEntry(json);
    if (entry !== undefined && isWanted(entry.function)) wanted.set(key, entry);
  }
  return wanted;
}
