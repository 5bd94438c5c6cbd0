import { OUTPUTS_KEY } from "@gaugelet/shared/keys";
import type { OutputEntry } from "@gaugelet/shared/outputs";
import type { Redis } from "ioredis";

/** Store an output as a runtime does: its key, and its entry in `gaugelet:outputs`. */
export async function storeOutput(
  redis: Redis,
  key: string,
  output: unknown,
  entry: Partial<OutputEntry> = {},
): Promise<void> {
  await redis.set(
    key,
    typeof output === "string" || Buffer.isBuffer(output) ? output : JSON.stringify(output),
  );
  await redis.hset(
    OUTPUTS_KEY,
    key,
    JSON.stringify({ function: key, version: "1", storedAt: Date.now(), staleAfter: null, ...entry }),
  );
}
