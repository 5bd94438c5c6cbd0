import { TokenBucket } from "limiter";
import type { OwnerRefusal } from "./budget-gate.ts";

/** How often an owner's functions may be called over HTTP, in this runtime. */
export interface OwnerRate {
  /** Calls per second over a longer time. */
  readonly perSecond: number;
  /** Calls at once, after none for a while. */
  readonly burst: number;
}

/** Gives each owner the same rate, so that one who calls too much is in nobody else's way. */
export class OwnerRates {
  readonly #rate: OwnerRate | undefined;
  readonly #buckets = new Map<string, TokenBucket>();

  /** @param rate undefined: there is no limit. */
  constructor(rate: OwnerRate | undefined) {
    this.#rate = rate;
  }

  /** Count a call. @returns why it is not taken, where it is not. */
  refusal(owner: string): OwnerRefusal | undefined {
    if (this.#rate === undefined) return undefined;
    const bucket = this.#buckets.get(owner) ?? this.#bucketOf(owner, this.#rate);
    if (bucket.tryRemoveTokens(1)) return undefined;
    const { perSecond, burst } = this.#rate;
    return {
      outcome: "too-many-requests",
      message: `the functions of ${owner === "" ? "nobody" : owner} are called more than ${perSecond} times a second (${burst} at once)`,
      retryAfterSeconds: Math.max(1, Math.ceil(bucket.getWaitTime(1) / 1000)),
    };
  }

  #bucketOf(owner: string, { perSecond, burst }: OwnerRate): TokenBucket {
    const bucket = new TokenBucket({ bucketSize: burst, tokensPerInterval: perSecond, interval: "second" });
    bucket.content = burst;
    this.#buckets.set(owner, bucket);
    return bucket;
  }
}
