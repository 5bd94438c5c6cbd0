import { deadLetterKey, delayedKey } from "@gaugelet/shared/keys";
import type { OutputEntry } from "@gaugelet/shared/outputs";
import type { Redis } from "ioredis";
import { announcedOutputs } from "../sinks/announced-outputs.ts";
import { idAfter } from "../topics/redis-stream/ids.ts";
import { writeDelayed } from "../triggers/topic/delayed-event.ts";
import { DROP_SCRIPT, REPLAY_SCRIPT } from "./scripts.ts";

const AT_ONCE = 200;

/** An event that failed for good, as it is kept. */
export interface KeptLetter {
  /** Id of its entry. */
  readonly id: string;
  readonly event: Buffer;
  readonly error: string;
  /** The traceback, or "". */
  readonly details: string;
  readonly attempts: number;
  /** Where it came from. */
  readonly source: string;
  /** "" where it came from no topic. */
  readonly topic: string;
  readonly partition: number;
  /** Its offset there, or the id of its entry. */
  readonly offset: string;
  /** It may be any bytes, as the event. */
  readonly key: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  /** When it was published, Unix milliseconds; null: it came from no topic. */
  readonly timestamp: number | null;
  readonly outputKey: string;
  /** Unix milliseconds. */
  readonly failedAt: number;
}

interface ScriptedRedis extends Redis {
  gaugeletReplay(dead: string, delayed: string, id: string, text: string): Promise<number>;
  gaugeletDrop(dead: string, ...ids: string[]): Promise<number>;
}

/** Looks after the events of functions that failed for good. */
export class DeadLetters {
  readonly #redis: ScriptedRedis;

  constructor(redis: Redis) {
    redis.defineCommand("gaugeletReplay", { numberOfKeys: 2, lua: REPLAY_SCRIPT });
    redis.defineCommand("gaugeletDrop", { numberOfKeys: 1, lua: DROP_SCRIPT });
    this.#redis = redis as ScriptedRedis;
  }

  /** How many a function has. */
  async count(name: string): Promise<number> {
    return await this.#redis.xlen(deadLetterKey(name));
  }

  /** The letters of a function, oldest first. @param after id of the last one seen; "": from the oldest on. */
  async list(name: string, most: number, after = ""): Promise<KeptLetter[]> {
    const from = after === "" ? "-" : idAfter(after);
    const entries = await this.#redis.xrangeBuffer(deadLetterKey(name), from, "+", "COUNT", most);
    return entries.map(([id, fields]) => letterOf(id.toString(), fields));
  }

  /** One letter; undefined: there is none of that id. */
  async get(name: string, id: string): Promise<KeptLetter | undefined> {
    const [entry] = await this.#redis.xrangeBuffer(deadLetterKey(name), id, id);
    return entry && letterOf(id, entry[1]);
  }

  /**
   * Let a function handle an event once more, and only that function. It is no dead letter any more.
   *
   * @returns false where there is no such letter, or it came from no topic and nobody would take it.
   */
  async replay(name: string, id: string): Promise<boolean> {
    const letter = await this.get(name, id);
    return letter !== undefined && (await this.#replay(name, letter, await this.#outputs(name)));
  }

  /** {@link replay} all that there are now. @returns how many were. */
  async replayAll(name: string): Promise<number> {
    const outputs = await this.#outputs(name);
    let replayed = 0;
    let after = "";
    for (let left = await this.count(name); left > 0; left -= AT_ONCE) {
      const letters = await this.list(name, Math.min(AT_ONCE, left), after);
      for (const letter of letters) if (await this.#replay(name, letter, outputs)) replayed += 1;
      after = letters.at(-1)?.id ?? after;
    }
    return replayed;
  }

  /** Forget letters. @returns how many of them there were. */
  async drop(name: string, ids: readonly string[]): Promise<number> {
    return ids.length === 0 ? 0 : await this.#redis.gaugeletDrop(deadLetterKey(name), ...ids);
  }

  /** Forget all. @returns how many there were. */
  async dropAll(name: string): Promise<number> {
    const count = await this.count(name);
    await this.#redis.unlink(deadLetterKey(name));
    return count;
  }

  /** What is said of a function's outputs, also at keys that it had before; none where that must not be read. */
  async #outputs(name: string): Promise<ReadonlyMap<string, OutputEntry>> {
    return await announcedOutputs(this.#redis, (other) => other === name).catch(() => new Map());
  }

  async #replay(
    name: string,
    letter: KeptLetter,
    outputs: ReadonlyMap<string, OutputEntry>,
  ): Promise<boolean> {
    const { id, topic, partition, offset, timestamp, headers, key, event } = letter;
    if (topic === "" || timestamp === null) return false;
    const text = writeDelayed({
      topic,
      partition,
      event: { position: offset, timestamp, headers, key, body: event },
      attempts: 0,
    });
    const delayed = delayedKey(keyNow(letter.outputKey, outputs));
    return (await this.#redis.gaugeletReplay(deadLetterKey(name), delayed, id, text)) === 1;
  }
}

/** Where a function has stored last for the shard of an output key: its manifest may name another key by now. */
function keyNow(outputKey: string, outputs: ReadonlyMap<string, OutputEntry>): string {
  const shard = outputs.get(outputKey)?.shard;
  let [now, storedAt] = [outputKey, Number.NEGATIVE_INFINITY];
  for (const [key, entry] of outputs) {
    if (entry.left || entry.shard !== shard || entry.storedAt <= storedAt) continue;
    [now, storedAt] = [key, entry.storedAt];
  }
  return now;
}

function letterOf(id: string, fields: readonly Buffer[]): KeptLetter {
  const values = new Map<string, Buffer>();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    values.set(String(fields[at]), fields[at + 1] as Buffer);
  }
  const text = (name: string): string => values.get(name)?.toString() ?? "";
  return {
    id,
    event: values.get("event") ?? Buffer.alloc(0),
    error: text("error"),
    details: text("details"),
    attempts: Number(text("attempts")),
    source: text("source"),
    topic: text("topic"),
    partition: Number(text("partition") || 0),
    offset: text("offset"),
    key: values.get("key") ?? null,
    headers: JSON.parse(text("headers") || "{}") as Record<string, string>,
    timestamp: values.has("timestamp") ? Number(text("timestamp")) : null,
    outputKey: text("outputKey"),
    failedAt: Number(text("failedAt")),
  };
}
