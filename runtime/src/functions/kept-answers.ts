import type { CallAnswer } from "../triggers/http/callable.ts";

type Answer = (answer: CallAnswer) => void;

/**
 * Gives calls with one idempotency key one effect: those that come while the first is under way share its answer,
 * later ones get the answer that was stored.
 */
export class KeptAnswers {
  readonly #read: (shard: string, key: string) => Promise<Buffer | undefined>;
  /** Who waits for calls that are under way. */
  readonly #waiting = new Map<string, Answer[]>();

  /** @param read gives the stored answer of an earlier call. */
  constructor(read: (shard: string, key: string) => Promise<Buffer | undefined>) {
    this.#read = read;
  }

  /** @param call makes the call, where it was never made. */
  once(shard: string, key: string, answer: Answer, call: (answer: Answer) => void): void {
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
    void this.#read(shard, key).then((output) => {
      if (output === undefined) call(tellAll);
      else tellAll({ outcome: "ok", output, seconds: 0 });
    });
  }
}
