import { setTimeout as sleep } from "node:timers/promises";
import { INVOCATIONS_KEY } from "@gaugelet/shared/keys";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import type { CallAnswer } from "../triggers/http/callable.ts";
import type { Target } from "../triggers/http/targets.ts";
import type { Invocations, StartedInvocation } from "./invocations.ts";
import type { KnownFunctions } from "./known-functions.ts";

const GROUP = "runtimes";
const MOST_AT_ONCE = 64;
/** More are left to other runtimes, or to later. */
const MOST_UNDER_WAY = 1_000;
/** Calls of one function that are tried again soon when they are refused for a limit; others are left to later. */
const MOST_REFUSED = 64;
const WAIT_MILLISECONDS = 1_000;
/** Where there are more abandoned calls to look at. */
const SHORT_WAIT_MILLISECONDS = 200;
/** A call that nobody has said to be under way for so long is anybody's. */
const ABANDONED_MILLISECONDS = 5_000;
const RETRY_MILLISECONDS = 500;
/** A function whose calls under way were lost when it changed answers no more. */
const PATIENCE_WITH_REPLACED_MILLISECONDS = 10_000;

/** Before all ids. */
const FIRST = "-";

type Entry = readonly [id: Buffer, fields: readonly Buffer[]];

interface UnderWay {
  readonly name: string;
  /** Undefined: it is being put together. */
  readonly callable: unknown;
  readonly since: number;
}

/** What an {@link InvocationReader} needs. */
export interface InvocationReaderParts {
  /** A connection of its own: it waits on it. */
  readonly redis: Redis;
  /** Of this process. */
  readonly consumer: string;
  readonly invocations: Invocations;
  readonly functions: KnownFunctions;
  readonly log: Logger;
}

/**
 * Carries out calls that were accepted: each by a runtime that has its function, which says every second that it is at
 * it. One that ends before the run is stored leaves the call to another.
 */
export class InvocationReader {
  readonly #parts: InvocationReaderParts;
  readonly #stopping = new AbortController();
  readonly #underWay = new Map<string, UnderWay>();
  /** By function: those of them that were refused, and wait to be tried again. They keep no others from being begun. */
  readonly #refused = new Map<string, Set<string>>();
  /** Where the next look for abandoned ones begins. */
  #lookFrom = FIRST;
  readonly #timer: NodeJS.Timeout;
  #reading: Promise<void> = Promise.resolve();

  constructor(parts: InvocationReaderParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.#sayUnderWay().catch(() => {}), WAIT_MILLISECONDS);
  }

  start(): void {
    this.#reading = this.#read();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    this.#parts.redis.disconnect();
    await this.#reading;
  }

  async #read(): Promise<void> {
    const { redis, consumer } = this.#parts;
    const { signal } = this.#stopping;
    let isThere = false;
    while (!signal.aborted) {
      try {
        if (!isThere) await this.#makeGroup();
        isThere = true;
        await this.#takeAbandoned();
        if (this.#underWay.size - this.#refusedCount >= MOST_UNDER_WAY) {
          await sleep(RETRY_MILLISECONDS, undefined, { signal });
          continue;
        }
        const reply: unknown = await redis.xreadgroupBuffer(
          "GROUP",
          GROUP,
          consumer,
          "COUNT",
          MOST_AT_ONCE,
          "BLOCK",
          this.#lookFrom === FIRST ? WAIT_MILLISECONDS : SHORT_WAIT_MILLISECONDS,
          "STREAMS",
          INVOCATIONS_KEY,
          ">",
        );
        for (const entry of (reply as [Buffer, Entry[]][] | null)?.[0]?.[1] ?? []) this.#carryOut(entry);
      } catch (error) {
        if (signal.aborted) return;
        // Redis may have lost it.
        isThere = false;
        if (redis.status === "ready") {
          this.#parts.log.debug({ err: error }, "cannot read what the API accepted; trying again");
        }
        await sleep(RETRY_MILLISECONDS, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #makeGroup(): Promise<void> {
    await this.#parts.redis
      .xgroup("CREATE", INVOCATIONS_KEY, GROUP, "0", "MKSTREAM")
      .catch((error: Error) => {
        if (!error.message.startsWith("BUSYGROUP")) throw error;
      });
  }

  /** Take over what others left behind, as far as its function runs here. */
  async #takeAbandoned(): Promise<void> {
    const { redis, consumer, functions } = this.#parts;
    const pending: unknown = await redis.xpending(
      INVOCATIONS_KEY,
      GROUP,
      "IDLE",
      ABANDONED_MILLISECONDS,
      this.#lookFrom,
      "+",
      MOST_AT_ONCE,
    );
    const ids = (pending as [string][]).map(([id]) => id);
    // What nobody here can take is not looked at again before all others.
    this.#lookFrom = ids.length < MOST_AT_ONCE ? FIRST : `(${ids.at(-1)}`;
    for (const id of ids) {
      if (this.#underWay.has(id)) continue;
      const [entry] = (await redis.xrangeBuffer(INVOCATIONS_KEY, id, id)) as Entry[];
      if (entry === undefined) {
        await redis.xack(INVOCATIONS_KEY, GROUP, id);
        continue;
      }
      const started = readEntry(entry);
      if (started !== undefined && functions.here(started.function) === undefined) continue;
      const claimed: unknown = await redis.xclaim(
        INVOCATIONS_KEY,
        GROUP,
        consumer,
        ABANDONED_MILLISECONDS,
        id,
        "JUSTID",
      );
      if ((claimed as string[]).length > 0) this.#carryOut(entry);
    }
  }

  #carryOut(entry: Entry): void {
    const id = entry[0].toString();
    const { functions, log } = this.#parts;
    const started = readEntry(entry);
    if (started === undefined) {
      log.warn({ entry: id }, `entry ${id} of ${INVOCATIONS_KEY} is no call: left out`);
      this.#done(id);
      return;
    }
    // Whoever has the function takes it over.
    if (functions.here(started.function) === undefined) return;
    this.#underWay.set(id, { name: started.function, callable: undefined, since: performance.now() });
    void functions
      .ready(started.function)
      .then((target) => this.#call(id, entry, started, target))
      .catch(() => this.#underWay.delete(id));
  }

  #call(id: string, entry: Entry, started: StartedInvocation, target: Target | undefined): void {
    if (target === undefined) {
      this.#underWay.delete(id);
      return;
    }
    const { callable } = target;
    this.#underWay.set(id, { name: started.function, callable, since: performance.now() });
    const hear = (answer: CallAnswer): void => {
      if (answer.outcome === "ok") this.#done(id);
      else if (answer.outcome === "unavailable") this.#underWay.delete(id);
      else if (isLimit(answer.outcome)) this.#postpone(id, entry, started.function, answer.outcome);
    };
    const onRecorded = (isRecorded: boolean): void => {
      if (isRecorded) this.#done(id);
      else this.#underWay.delete(id);
    };
    this.#parts.invocations.carryOut(target, started, onRecorded, hear);
  }

  /** It is taken later, such as once there is room, or the owner's budget is raised. */
  #postpone(id: string, entry: Entry, name: string, outcome: CallAnswer["outcome"]): void {
    const refused = this.#refused.get(name) ?? new Set();
    if (outcome === "budget-spent" || refused.size >= MOST_REFUSED) {
      // By whoever looks for what is abandoned.
      this.#underWay.delete(id);
      return;
    }
    this.#refused.set(name, refused.add(id));
    setTimeout(() => {
      refused.delete(id);
      if (refused.size === 0) this.#refused.delete(name);
      this.#carryOut(entry);
    }, RETRY_MILLISECONDS).unref();
  }

  get #refusedCount(): number {
    let count = 0;
    for (const ids of this.#refused.values()) count += ids.size;
    return count;
  }

  #done(id: string): void {
    this.#underWay.delete(id);
    const { redis } = this.#parts;
    // Where Redis is away it is carried out again, and answered from what is kept.
    redis
      .multi()
      .xack(INVOCATIONS_KEY, GROUP, id)
      .xdel(INVOCATIONS_KEY, id)
      .exec()
      .catch(() => {});
  }

  async #sayUnderWay(): Promise<void> {
    const { redis, consumer, functions } = this.#parts;
    const now = performance.now();
    for (const [id, { name, callable, since }] of this.#underWay) {
      const isReplaced = callable !== undefined && functions.here(name)?.callable !== callable;
      if (isReplaced && now - since > PATIENCE_WITH_REPLACED_MILLISECONDS) this.#underWay.delete(id);
    }
    if (this.#underWay.size === 0 || redis.status !== "ready") return;
    await redis.xclaim(INVOCATIONS_KEY, GROUP, consumer, 0, ...this.#underWay.keys(), "JUSTID");
  }
}

/** Whether a call was not made for a limit of the function or its owner. */
function isLimit(outcome: CallAnswer["outcome"]): boolean {
  return outcome === "busy" || outcome === "too-many-requests" || outcome === "budget-spent";
}

function readEntry([, fields]: Entry): StartedInvocation | undefined {
  const byName = new Map<string, Buffer>();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    byName.set((fields[at] as Buffer).toString(), fields[at + 1] as Buffer);
  }
  const text = (name: string): string | undefined => byName.get(name)?.toString();
  const [name, runId, user, body] = [text("function"), text("runId"), text("user"), byName.get("body")];
  const queuedAt = Number(text("queuedAt"));
  if (name === undefined || runId === undefined || user === undefined || body === undefined) return undefined;
  if (!Number.isSafeInteger(queuedAt)) return undefined;
  const idempotencyKey = text("idempotencyKey");
  return { function: name, runId, user, body, shard: text("shard") ?? "", queuedAt, idempotencyKey };
}
