import { explainRedisError } from "@gaugelet/shared/redis/explain";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { type Holder, isKnownToBeGone, thisHolder } from "./holder.ts";
import { ACQUIRE_SCRIPT, RELEASE_SCRIPT, RENEW_SCRIPT } from "./lease-scripts.ts";

const RENEW_MILLISECONDS = 1_000;
const LOOK_MILLISECONDS = 500;
/**
 * An owner that was not seen to move for so long is taken for gone. With the look before and the one after it, another
 * one has the lease within 5 seconds.
 */
const PATIENCE_MILLISECONDS = 3_500;
/** Renewed in one script. */
const MOST_AT_ONCE = 500;

const HINTS = { WRONGTYPE: "the lease's key holds another type than a hash; delete it" };

/** Who hears of a lease. */
export interface LeaseListener {
  /**
   * The lease is ours.
   *
   * @param token that stores prove it by; undefined where Redis' rights do not allow leases, and nobody has any.
   */
  onGained(token: string | undefined): void;
  /** The lease is not ours: not any more, or not yet. @param owner who has it, in words. */
  onStandby(owner: string): void;
}

/** Whom a lease is said to be of that Redis has none of any more. */
export const NOBODY = "nobody: Redis has lost the lease";

/** A lease that is wanted. */
export interface Lease {
  /** It may have been lost: look now, and not when it is to be renewed. */
  check(): void;
  /** Give it up, so that the next one has it at once. */
  release(): Promise<void>;
}

interface Wanted {
  readonly key: string;
  readonly listener: LeaseListener;
  token: string | undefined;
  isHeld: boolean;
  isStandby: boolean;
  isAsking: boolean;
  /** Why nobody can be asked for it, as it was noted last. */
  problem: string | undefined;
  /** The owner as it was seen last, and since when it has not moved. */
  seen: { readonly beat: string; readonly token: string; readonly since: number } | undefined;
}

interface Acquired {
  readonly isOwner: true;
  readonly token: string;
}

/** The owner that there is. */
interface Refused extends Pick<Holder, "machine" | "process" | "place"> {
  readonly isOwner: false;
  readonly beat: string;
  readonly token: string;
}

interface LeaseRedis extends Redis {
  gaugeletAcquire(key: string, ...values: string[]): Promise<[number, ...string[]]>;
  gaugeletRenew(count: number, ...keysAndTokens: string[]): Promise<number[]>;
  gaugeletRelease(key: string, token: string): Promise<number>;
}

/**
 * Leases on what has one owner at a time.
 *
 * An owner counts up at its lease every second. Another one that has watched it not do so for 3.5 seconds takes the
 * lease, by its own clock alone: no clocks are compared, and none may jump. An owner that was merely slow finds at its
 * next store that its token is not the newest any more: that check, and not the time, is what keeps two from writing.
 */
export class Leases {
  readonly #redis: LeaseRedis;
  readonly #log: Logger;
  readonly #holder: Holder;
  readonly #wanted = new Set<Wanted>();
  #renewing: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;
  #isRenewing = false;
  #warnedOfRights = false;
  readonly #onReady = (): void => {
    void this.#renew();
    void this.#lookAtAll();
  };

  /** @param holder who wants them. */
  constructor(redis: Redis, log: Logger, holder: Holder = thisHolder()) {
    this.#holder = holder;
    redis.defineCommand("gaugeletAcquire", { numberOfKeys: 1, lua: ACQUIRE_SCRIPT });
    redis.defineCommand("gaugeletRenew", { lua: RENEW_SCRIPT });
    redis.defineCommand("gaugeletRelease", { numberOfKeys: 1, lua: RELEASE_SCRIPT });
    this.#redis = redis as LeaseRedis;
    this.#log = log;
    redis.on("ready", this.#onReady);
  }

  /** Want a lease from now on. */
  want(key: string, listener: LeaseListener): Lease {
    const wanted: Wanted = {
      key,
      listener,
      token: undefined,
      isHeld: false,
      isStandby: false,
      isAsking: false,
      problem: undefined,
      seen: undefined,
    };
    this.#wanted.add(wanted);
    this.#renewing ??= setInterval(() => void this.#renew(), RENEW_MILLISECONDS);
    this.#looking ??= setInterval(() => void this.#lookAtAll(), LOOK_MILLISECONDS);
    void this.#look(wanted);
    return { check: () => void this.#renew(), release: () => this.#release(wanted) };
  }

  /** Hold nothing any more; what was not released is taken over once its time is up. */
  stop(): void {
    clearInterval(this.#renewing);
    clearInterval(this.#looking);
    this.#redis.off("ready", this.#onReady);
    this.#wanted.clear();
  }

  async #lookAtAll(): Promise<void> {
    await Promise.all([...this.#wanted].map((wanted) => this.#look(wanted)));
  }

  async #look(wanted: Wanted): Promise<void> {
    if (wanted.isHeld || wanted.isAsking) return;
    if (this.#redis.status !== "ready") {
      // What cannot be seen does not count as standing still.
      wanted.seen = undefined;
      return;
    }
    wanted.isAsking = true;
    try {
      await this.#ask(wanted);
      wanted.problem = undefined;
    } catch (error) {
      wanted.seen = undefined;
      if (isRefused(error)) this.#gainWithoutRights(wanted, error);
      else this.#report(wanted, explainRedisError(error, HINTS));
    } finally {
      wanted.isAsking = false;
    }
  }

  async #ask(wanted: Wanted): Promise<void> {
    const { seen } = wanted;
    const isDead = seen !== undefined && performance.now() - seen.since >= PATIENCE_MILLISECONDS;
    const reply = await this.#acquire(wanted.key, isDead ? seen : undefined);
    if (reply.isOwner) {
      await this.#gain(wanted, reply.token);
      return;
    }
    const { beat, token, place } = reply;
    if (seen === undefined || seen.beat !== beat || seen.token !== token) {
      wanted.seen = { beat, token, since: performance.now() };
    }
    if (isKnownToBeGone(reply, this.#holder)) {
      const again = await this.#acquire(wanted.key, { beat, token });
      if (again.isOwner) {
        await this.#gain(wanted, again.token);
        return;
      }
    }
    if (wanted.isStandby || !this.#wanted.has(wanted)) return;
    wanted.isStandby = true;
    wanted.listener.onStandby(place);
  }

  async #acquire(
    key: string,
    seen: { readonly beat: string; readonly token: string } | undefined,
  ): Promise<Acquired | Refused> {
    const { id, machine, process, place } = this.#holder;
    const description = ["machine", machine, "process", process, "place", place];
    const seenAs = [seen?.beat ?? "", seen?.token ?? ""];
    const [isOwner, ...rest] = await this.#redis.gaugeletAcquire(key, id, ...seenAs, ...description);
    if (isOwner === 1) return { isOwner: true, token: rest[0] ?? "" };
    const [beat = "", token = "", otherMachine = "", otherProcess = "", otherPlace = ""] = rest;
    return {
      isOwner: false,
      beat,
      token,
      machine: otherMachine,
      process: otherProcess,
      place: otherPlace,
    };
  }

  async #gain(wanted: Wanted, token: string): Promise<void> {
    if (!this.#wanted.has(wanted)) {
      // It was given up while we asked.
      await this.#redis.gaugeletRelease(wanted.key, token);
      return;
    }
    wanted.token = token;
    wanted.isHeld = true;
    wanted.isStandby = false;
    wanted.seen = undefined;
    wanted.listener.onGained(token);
  }

  /** While the connection is down its own report says why. */
  #report(wanted: Wanted, reason: string): void {
    if (this.#redis.status !== "ready") return;
    // What others wait for as well was told of them.
    const isTold = [...this.#wanted].some(({ problem }) => problem === reason);
    wanted.problem = reason;
    if (isTold) return;
    const { key } = wanted;
    this.#log.error({ reason, key }, `cannot tell who owns functions, trying on: ${reason}`);
  }

  #gainWithoutRights(wanted: Wanted, error: unknown): void {
    wanted.isHeld = true;
    if (!this.#warnedOfRights) {
      this.#warnedOfRights = true;
      this.#log.warn(
        { reason: explainRedisError(error) },
        "the rights of this Redis user do not cover gaugelet:lease:*, so nothing keeps a second runtime from" +
          " running the same function",
      );
    }
    wanted.listener.onGained(undefined);
  }

  async #renew(): Promise<void> {
    if (this.#isRenewing || this.#redis.status !== "ready") return;
    this.#isRenewing = true;
    const held = [...this.#wanted].filter(({ token }) => token !== undefined);
    try {
      for (let at = 0; at < held.length; at += MOST_AT_ONCE) {
        await this.#renewSome(held.slice(at, at + MOST_AT_ONCE));
      }
    } catch {
      // Whatever it is, storing has the same trouble and says so.
    }
    this.#isRenewing = false;
  }

  async #renewSome(held: readonly Wanted[]): Promise<void> {
    const tokens = held.map(({ token }) => token ?? "");
    const areHeld = await this.#redis.gaugeletRenew(held.length, ...held.map(({ key }) => key), ...tokens);
    for (const [index, wanted] of held.entries()) {
      if (areHeld[index] === 1 || !this.#wanted.has(wanted) || wanted.token !== tokens[index]) continue;
      wanted.token = undefined;
      wanted.isHeld = false;
      // Whoever has it, or has it next, is told of.
      wanted.isStandby = false;
      wanted.listener.onStandby(areHeld[index] === 0 ? "another runtime" : NOBODY);
      void this.#look(wanted);
    }
  }

  async #release(wanted: Wanted): Promise<void> {
    this.#wanted.delete(wanted);
    const { token } = wanted;
    if (token === undefined || this.#redis.status !== "ready") return;
    wanted.token = undefined;
    await this.#redis.gaugeletRelease(wanted.key, token).catch(() => {});
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && /NOPERM|user executing the script can't/.test(error.message);
}
