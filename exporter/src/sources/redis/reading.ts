import type { RedisClient } from "@gaugelet/shared/redis/connection";
import type { DropReason } from "../../drops.ts";
import type { Content } from "../../exposition/output-store.ts";

const KEYS_PER_READ = 500;
/** Values up to this size are read many at once. */
const SMALL_BYTES = 1024 ** 2;
/** Bytes that one read of many should bring, by what the values were the last time. */
const BYTES_PER_READ = 1024 ** 2;

/** How long keys are read one by one after Redis refused to give many at once, in milliseconds. */
const SINGLE_MS = 60_000;

/**
 * Reads what keys hold. Keys that were small the last time are read with one MGET for many. The others are read
 * one by one with GETRANGE, which does not transfer more than the limit: a value that is far too large costs
 * nothing.
 */
export class ContentReader {
  readonly #maxBytes: number;
  /** Sizes of values when they were last read. */
  readonly #sizes = new Map<string, number>();
  readonly #singleMs: number;
  /**
   * When many may be asked for at once again, by the process' clock. MGET is refused where the user lacks the right,
   * or a cluster keeps the keys in several places; either can change, and other refusals pass.
   */
  #manyFrom = 0;

  /** @param singleMs how long many are not asked for at once after a refusal, in milliseconds. */
  constructor(maxBytes: number, singleMs = SINGLE_MS) {
    this.#maxBytes = maxBytes;
    this.#singleMs = singleMs;
  }

  /** What each key holds, some keys at a time. */
  async *read(
    redis: RedisClient,
    keys: readonly string[],
    signal: AbortSignal,
  ): AsyncGenerator<(readonly [key: string, content: Content])[]> {
    for (const some of this.#batches(keys)) {
      signal.throwIfAborted();
      const readsMany = performance.now() >= this.#manyFrom;
      const isSmall = (key: string): boolean =>
        readsMany && (this.#sizes.get(key) ?? Number.POSITIVE_INFINITY) <= SMALL_BYTES;
      const small = some.filter(isSmall);
      const [many, single] = await Promise.all([
        this.#readMany(redis, small),
        this.#readEach(
          redis,
          some.filter((key) => !isSmall(key)),
        ),
      ]);
      // Not there, or of another type: MGET does not tell these apart.
      const unclear = small.filter((key) => !many.has(key));
      yield [...many, ...single, ...(await this.#readEach(redis, unclear))];
    }
  }

  /** Forget keys that are no outputs any more. */
  keep(keys: ReadonlySet<string>): void {
    for (const key of this.#sizes.keys()) if (!keys.has(key)) this.#sizes.delete(key);
  }

  *#batches(keys: readonly string[]): Generator<string[]> {
    let batch: string[] = [];
    let bytes = 0;
    for (const key of keys) {
      batch.push(key);
      bytes += Math.min(this.#sizes.get(key) ?? 0, this.#maxBytes);
      if (batch.length < KEYS_PER_READ && bytes < BYTES_PER_READ) continue;
      yield batch;
      batch = [];
      bytes = 0;
    }
    if (batch.length > 0) yield batch;
  }

  async #readMany(redis: RedisClient, keys: readonly string[]): Promise<Map<string, Content>> {
    const contents = new Map<string, Content>();
    if (keys.length === 0) return contents;
    let values: (Buffer | null)[];
    try {
      values = await redis.mgetBuffer(keys as string[]);
    } catch (error) {
      readProblem(error);
      this.#manyFrom = performance.now() + this.#singleMs;
      return contents;
    }
    for (const [index, value] of values.entries()) {
      const key = keys[index] as string;
      if (value !== null) contents.set(key, this.#contentOf(key, value));
    }
    return contents;
  }

  async #readEach(redis: RedisClient, keys: readonly string[]): Promise<(readonly [string, Content])[]> {
    return Promise.all(
      keys.map(async (key) => {
        const content = await redis.getrangeBuffer(key, 0, this.#maxBytes).then(
          (bytes) => this.#contentOf(key, bytes),
          (error: unknown): Content => ({ absence: readProblem(error) }),
        );
        return [key, content] as const;
      }),
    );
  }

  #contentOf(key: string, bytes: Buffer): Content {
    this.#sizes.set(key, bytes.length);
    if (bytes.length === 0) return { absence: "gone" };
    return bytes.length > this.#maxBytes ? { absence: "too_large" } : { bytes };
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
