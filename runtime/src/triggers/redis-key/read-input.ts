import { formatBytes } from "@gaugelet/shared/units";
import type { Redis } from "ioredis";

/** The largest input that is read from a key. */
const MAX_INPUT_BYTES = 64 * 1024 ** 2;

/**
 * Read a key, but not more than the limit, in one command.
 *
 * @returns undefined where there is no such key.
 * @throws Error where it is larger than 64 MiB, and Redis' own errors, such as WRONGTYPE.
 */
export async function readInput(redis: Redis, key: string): Promise<Buffer | undefined> {
  const bytes = await redis.getrangeBuffer(key, 0, MAX_INPUT_BYTES);
  if (bytes.length > MAX_INPUT_BYTES) {
    throw new Error(`it holds more than ${formatBytes(MAX_INPUT_BYTES)}, the largest input`);
  }
  // GETRANGE answers the same for an empty string and for no key at all.
  if (bytes.length === 0 && (await redis.exists(key)) === 0) return undefined;
  return bytes;
}
