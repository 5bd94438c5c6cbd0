import type { RedisClient } from "@gaugelet/shared/redis/connection";
import type { DropReason } from "../drops.ts";
import { readProblem } from "./discovery.ts";
import type { Output } from "./output.ts";

/** Largest output that is read, in bytes. */
const MAX_OUTPUT_BYTES = 4 * 1024 ** 2;
const KEYS_PER_PIPELINE = 200;

/** An output with its bytes, or with the reason why there are none. */
export interface ReadOutput {
  readonly output: Output;
  readonly content: Buffer | DropReason | "gone";
}

/**
 * Read the bytes of outputs. GETRANGE rather than GET: a value that is far too large is not transferred. It
 * reads a key that is not there as empty.
 */
export async function readOutputs(
  redis: RedisClient,
  outputs: readonly Output[],
  signal: AbortSignal,
): Promise<ReadOutput[]> {
  const read: ReadOutput[] = [];
  for (let at = 0; at < outputs.length; at += KEYS_PER_PIPELINE) {
    signal.throwIfAborted();
    const some = outputs.slice(at, at + KEYS_PER_PIPELINE);
    const contents = some.map((output) =>
      redis.getrangeBuffer(output.key, 0, MAX_OUTPUT_BYTES).then(contentOf, readProblem),
    );
    for (const [index, content] of (await Promise.all(contents)).entries()) {
      read.push({ output: some[index] as Output, content });
    }
  }
  return read;
}

function contentOf(bytes: Buffer): Buffer | DropReason | "gone" {
  if (bytes.length === 0) return "gone";
  return bytes.length > MAX_OUTPUT_BYTES ? "too_large" : bytes;
}
