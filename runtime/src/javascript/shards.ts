import { FrameType, type RestoreHead } from "../workers/protocol.ts";
import type { Connection } from "./connection.ts";
import { Context, type ContextFields } from "./context.ts";
import { dumpEnv, EnvError, loadEnv } from "./env-snapshot.ts";
import { EventFields } from "./event-fields.ts";

/** An `env` is saved when no call came for this long, */
const IDLE_MILLISECONDS = 0.2;
/** and under load after this long, or ten times what saving takes: a large `env` costs a tenth of the time. */
const SAVE_AFTER_MILLISECONDS = 10;
const SAVE_AT_LATEST_MILLISECONDS = 100;

/** A live `env` and what its calls have in common. */
export interface Shard {
  readonly fields: ContextFields;
  readonly keepEnv: boolean;
  env: object;
  lastId: number;
  /** What the runtime was sent last; undefined where it has none of it. */
  saved: Buffer | undefined;
  /** The head of the last event, and what it says. */
  eventHead: string;
  eventFields: EventFields;
}

const NOTHING = new EventFields("");

/** The shards of a function, and when their `env` is saved. */
export class Shards {
  readonly #connection: Connection;
  readonly #all = new Map<number, Shard>();
  readonly #unsaved = new Map<number, Shard>();
  #unsavedSince = 0;
  #saveAfter = SAVE_AFTER_MILLISECONDS;
  /** Largest saved `env` in bytes. */
  envLimit = 0;
  /** The fields that all shards have. */
  fields: ContextFields = {};

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Begin a shard. The answer is why its `env` could not be read; null where it could. */
  restore(head: RestoreHead, saved: Buffer): string | null {
    let env: object = {};
    let problem: string | null = null;
    try {
      if (saved.length > 0) env = loadEnv(saved);
    } catch (error) {
      if (!(error instanceof EnvError)) throw error;
      problem = error.message;
    }
    const fields = { ...this.fields, output_key: head.outputKey, shard: head.name };
    Context.addFields(Object.keys(fields));
    const { keepEnv } = head;
    const none = { lastId: 0, saved: undefined, eventHead: "", eventFields: NOTHING };
    this.#all.set(head.shard, { fields, keepEnv, env, ...none });
    this.#unsaved.delete(head.shard);
    return problem;
  }

  /** @throws Error where the shard was never begun. */
  get(number: number): Shard {
    const shard = this.#all.get(number);
    if (shard === undefined) throw new Error(`there was no restore of the shard ${number}`);
    return shard;
  }

  /** Note that a call succeeded. `now` is that of `performance`. */
  noteChange(number: number, shard: Shard, now: number): void {
    if (this.#unsaved.size === 0) this.#unsavedSince = now;
    this.#unsaved.set(number, shard);
  }

  get hasUnsaved(): boolean {
    return this.#unsaved.size > 0;
  }

  /** Whether saving must not wait for a pause in the calls. */
  isOverdue(now: number): boolean {
    return this.#unsaved.size > 0 && now - this.#unsavedSince > this.#saveAfter;
  }

  isPause(now: number, lastCall: number): boolean {
    return now - lastCall >= IDLE_MILLISECONDS;
  }

  /** Send the `env` of every shard that had calls since the last time. */
  save(): void {
    const started = performance.now();
    for (const [number, shard] of this.#unsaved) {
      const { data, problem } = this.dump(shard.env);
      const unchanged = data !== undefined && shard.saved?.equals(data) === true;
      const head = { shard: number, id: shard.lastId, problem, unchanged };
      this.#connection.put(FrameType.saved, head, unchanged ? undefined : data);
      shard.saved = data;
    }
    this.#unsaved.clear();
    this.#connection.flush();
    const taken = performance.now() - started;
    this.#saveAfter = Math.min(Math.max(SAVE_AFTER_MILLISECONDS, 10 * taken), SAVE_AT_LATEST_MILLISECONDS);
  }

  dump(env: object): { readonly data: Buffer | undefined; readonly problem: string | null } {
    try {
      return { data: dumpEnv(env, this.envLimit), problem: null };
    } catch (error) {
      if (!(error instanceof EnvError)) throw error;
      return { data: undefined, problem: error.message };
    }
  }
}

/** What `context` says of an event. Events in a row mostly have the same head. */
export function eventFieldsOf(shard: Shard, head: string): EventFields {
  if (shard.eventHead !== head) {
    shard.eventHead = head;
    shard.eventFields = new EventFields(head);
  }
  return shard.eventFields;
}
