import { answerKey, callKey } from "@gaugelet/shared/keys";
import type { Redis } from "ioredis";
import { type Patience, readOwn } from "./patience.ts";
import { SAY_OF_CALLS_SCRIPT, TAKE_CALL_SCRIPT } from "./store-script.ts";

/** A call with an idempotency key is anybody's where nobody has said for so long to be at it. */
const KEEP_CALLS_MILLISECONDS = 5_000;
/** Whoever else asks Redis waits meanwhile. */
const MOST_CALLS_AT_ONCE = 1_000;

/** What is known of a call with an idempotency key. */
export interface KeyedCall {
  /** What it came to. */
  readonly answer: Buffer | undefined;
  /** Who is at it, or what they said of it last. */
  readonly holder: string | undefined;
}

interface ScriptedRedis extends Redis {
  gaugeletTakeCallBuffer(
    answer: string,
    call: string,
    holder: string,
    milliseconds: number,
  ): Promise<[answer: Buffer | null, holder: Buffer | null]>;
  /** The number of calls, these, then who says so, what, and for how many milliseconds. */
  gaugeletSayOfCalls(...callsAndValues: (string | number)[]): Promise<number>;
}

/** Who makes calls with idempotency keys, as all runtimes know it; the answers are stored with the outputs. */
export class KeyedCallStore {
  readonly #redis: ScriptedRedis;
  readonly #patience: Patience;

  constructor(redis: Redis, patience: Patience) {
    redis.defineCommand("gaugeletTakeCall", { numberOfKeys: 2, lua: TAKE_CALL_SCRIPT });
    redis.defineCommand("gaugeletSayOfCalls", { lua: SAY_OF_CALLS_SCRIPT });
    this.#redis = redis as ScriptedRedis;
    this.#patience = patience;
  }

  /**
   * Take the call that has this idempotency key, unless it was made before or another is at it. Who takes it says
   * {@link say} until it is over, for less than {@link KEEP_CALLS_MILLISECONDS} passes in between.
   *
   * @returns nothing of it where the rights do not cover it, or `signal` aborted.
   */
  async take(
    outputKey: string,
    idempotencyKey: string,
    holder: string,
    signal: AbortSignal,
  ): Promise<KeyedCall> {
    const keys = [answerKey(outputKey, idempotencyKey), callKey(outputKey, idempotencyKey)] as const;
    const take = () => this.#redis.gaugeletTakeCallBuffer(...keys, holder, KEEP_CALLS_MILLISECONDS);
    const taken = await this.#patience.persist("read a kept answer", () => readOwn(take, null), signal);
    return { answer: taken?.[0] ?? undefined, holder: taken?.[1]?.toString() };
  }

  /**
   * Say that one is at calls still, or what they came to; "": nothing that others need to know. It comes to nothing
   * where Redis is away.
   */
  say(outputKey: string, idempotencyKeys: readonly string[], holder: string, what: string): void {
    const milliseconds = what === "" ? 1 : KEEP_CALLS_MILLISECONDS;
    for (let at = 0; at < idempotencyKeys.length; at += MOST_CALLS_AT_ONCE) {
      const calls = idempotencyKeys.slice(at, at + MOST_CALLS_AT_ONCE).map((key) => callKey(outputKey, key));
      this.#redis.gaugeletSayOfCalls(calls.length, ...calls, holder, what, milliseconds).catch(() => {});
    }
  }
}
