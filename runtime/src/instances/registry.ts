import { INSTANCES_KEY, instanceKey } from "@gaugelet/shared/keys";
import type { Redis } from "ioredis";
import type { Logger } from "pino";
import { type InstanceRecord, instanceSchema } from "./instance.ts";

const BEAT_MILLISECONDS = 5_000;
/** One that missed three beats is gone. */
const KEPT_MILLISECONDS = 3 * BEAT_MILLISECONDS + 1_000;

/** The instances that share a Redis: each says there every 5 seconds that it is there, and what it is like. */
export class InstanceRegistry {
  readonly #redis: Redis;
  readonly #describe: () => Promise<InstanceRecord>;
  readonly id: string;
  readonly #log: Logger;
  #beating: NodeJS.Timeout | undefined;
  #beat: Promise<void> = Promise.resolve();
  #reported = "";

  /** @param describe what this one is like now. */
  constructor(redis: Redis, id: string, describe: () => Promise<InstanceRecord>, log: Logger) {
    this.#redis = redis;
    this.id = id;
    this.#describe = describe;
    this.#log = log;
  }

  start(): void {
    this.#beating = setInterval(() => this.beat(), BEAT_MILLISECONDS);
    this.beat();
  }

  /** Say now that this instance is there. While Redis is away, the next beat says it. */
  beat(): void {
    if (this.#beating === undefined || this.#redis.status !== "ready") return;
    this.#beat = this.#beat.then(() => this.#say());
  }

  /** Others see at once that it is gone. */
  async stop(): Promise<void> {
    clearInterval(this.#beating);
    this.#beating = undefined;
    await this.#beat;
    if (this.#redis.status === "ready") await this.#forget(this.id).catch(() => {});
  }

  /** All that are there, sorted by their ids. @throws what Redis does. */
  async list(): Promise<InstanceRecord[]> {
    const ids = await this.#redis.zrangebyscore(INSTANCES_KEY, "-inf", "+inf");
    const found = await Promise.all(ids.map((id) => this.get(id)));
    return found.filter((each) => each !== undefined).sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Undefined where there is none, or no more. @throws what Redis does. */
  async get(id: string): Promise<InstanceRecord | undefined> {
    const text = await this.#redis.get(instanceKey(id));
    if (text === null) {
      await this.#redis.zrem(INSTANCES_KEY, id);
      return undefined;
    }
    return readRecord(text);
  }

  async #say(): Promise<void> {
    try {
      const record = await this.#describe();
      await this.#redis.set(instanceKey(this.id), JSON.stringify(record), "PX", KEPT_MILLISECONDS);
      await this.#redis.zadd(INSTANCES_KEY, Date.now(), this.id);
      this.#reported = "";
    } catch (error) {
      const { message } = error as Error;
      // That Redis is away is told by its connection.
      if (this.#redis.status !== "ready" || message === this.#reported) return;
      this.#reported = message;
      this.#log.warn({ reason: message }, `other instances are not told of this one: ${message}`);
    }
  }

  async #forget(id: string): Promise<void> {
    await this.#redis.unlink(instanceKey(id));
    await this.#redis.zrem(INSTANCES_KEY, id);
  }
}

/** Undefined where it is none, such as that of another version of Gaugelet. */
export function readRecord(text: string): InstanceRecord | undefined {
  try {
    return instanceSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
