import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { KeyedCall } from "../sinks/keyed-calls.ts";
import type { CallAnswer } from "../triggers/http/callable.ts";

/** How often others are told that one is at a call still, */
const KEEP_EVERY_MILLISECONDS = 1_000;
/** and how often it is looked what became of a call that others are at. */
const LOOK_EVERY_MILLISECONDS = 100;
/** Said of a run that is over: nobody else makes it. */
const FAILED = "failed";

type Answer = (answer: CallAnswer) => void;

/** Calls with idempotency keys, as all runtimes know them. */
export interface KeyedCalls {
  /** Take one, unless it was made before or another is at it. */
  take(shard: string, key: string, holder: string): Promise<KeyedCall>;
  /** Say that one is at them still, or what they came to; "": nothing that others need to know. */
  say(shard: string, keys: readonly string[], holder: string, what: string): void;
}

/**
 * Gives calls with one idempotency key one effect: those that come while the first is under way share its answer,
 * later ones get the answer that was stored. One that another runtime is at is waited for in the same way; where that
 * one fails, or its runtime ends, it is made here.
 */
export class KeptAnswers {
  readonly #calls: KeyedCalls;
  readonly #mayWait: () => boolean;
  /** Not that of the process: the one that replaces this waits for what it is at. */
  readonly #holder = randomUUID();
  /** Who waits for calls that are under way. */
  readonly #waiting = new Map<string, Answer[]>();
  /** Keys of calls that this is at, by shards. */
  readonly #held = new Map<string, Set<string>>();
  #timer: NodeJS.Timeout | undefined;

  /** @param mayWait whether calls that others are at may be waited for still. */
  constructor(calls: KeyedCalls, mayWait: () => boolean) {
    this.#calls = calls;
    this.#mayWait = mayWait;
  }

  /**
   * @param isRun the key is that of one run, which is made once, even where it fails.
   * @param call makes the call, where it was never made.
   */
  once(shard: string, key: string, isRun: boolean, answer: Answer, call: (answer: Answer) => void): void {
    const name = `${shard}\0${key}`;
    const others = this.#waiting.get(name);
    if (others !== undefined) {
      others.push(answer);
      return;
    }
    const waiting = [answer];
    this.#waiting.set(name, waiting);
    const tellAll = (result: CallAnswer): void => {
      this.#waiting.delete(name);
      for (const hear of waiting) hear(result);
    };
    void this.#take(shard, key).then(({ answer: output, holder }) => {
      if (output !== undefined) tellAll({ outcome: "ok", output, seconds: 0 });
      else if (holder === FAILED) tellAll(FAILED_ELSEWHERE);
      else {
        this.#hold(shard, key);
        call((result) => {
          this.#letGo(shard, key, isRun && isFailure(result) ? FAILED : "");
          tellAll(result);
        });
      }
    });
  }

  #hold(shard: string, key: string): void {
    const keys = this.#held.get(shard) ?? new Set();
    this.#held.set(shard, keys.add(key));
    this.#timer ??= setInterval(() => {
      for (const [each, held] of this.#held) this.#calls.say(each, [...held], this.#holder, this.#holder);
    }, KEEP_EVERY_MILLISECONDS);
  }

  /** @param what it came to. */
  #letGo(shard: string, key: string, what: string): void {
    const keys = this.#held.get(shard);
    keys?.delete(key);
    if (keys?.size === 0) this.#held.delete(shard);
    if (this.#held.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    this.#calls.say(shard, [key], this.#holder, what);
  }

  /** Until it is taken here, or it is known what it came to. */
  async #take(shard: string, key: string): Promise<KeyedCall> {
    for (;;) {
      const taken = await this.#calls.take(shard, key, this.#holder);
      const { answer, holder = this.#holder } = taken;
      const isOthers = answer === undefined && holder !== this.#holder && holder !== FAILED;
      if (!isOthers || !this.#mayWait()) return taken;
      await sleep(LOOK_EVERY_MILLISECONDS);
    }
  }
}

const FAILED_ELSEWHERE: CallAnswer = {
  outcome: "unavailable",
  message: "the same call failed at another runtime just now; call again",
  details: "",
};

/** Whether a call was made, and did not succeed. */
function isFailure({ outcome }: CallAnswer): boolean {
  return outcome === "error" || outcome === "timeout" || outcome === "killed" || outcome === "rejected";
}
