import type { NewEvent } from "../topics/topics.ts";

/** An event that failed for good. */
export interface DeadLetter {
  readonly source: string;
  readonly body: Buffer;
  readonly error: string;
  /** The traceback, or "". */
  readonly details: string;
  readonly attempts: number;
  /** The topic that it came from; "" where it came from none. */
  readonly topic: string;
  /** What else is known of where it comes from, by name. */
  readonly origin: Readonly<Record<string, string>>;
  /** The delayed event that it was until now; undefined: none. */
  readonly delayed: string | undefined;
}

/** An event that failed and is tried again. */
export interface DelayedEvent {
  readonly milliseconds: number;
  readonly text: string;
}

/** An output on its way to a topic. */
export interface Publication {
  readonly topic: string;
  readonly event: NewEvent;
}

/** What some calls came to, oldest first. */
export interface Handled {
  /** Of the newest call that succeeded; undefined: none did. */
  readonly output: Buffer | undefined;
  /** After the newest call; undefined: as it was, or it could not be saved. */
  readonly env: Buffer | undefined;
  /** Of each source, the newest event that is handled, and all before it. */
  readonly positions: ReadonlyMap<string, string>;
  /** Outputs by the idempotency keys of their calls. */
  readonly answers: ReadonlyMap<string, Buffer>;
  readonly publications: readonly Publication[];
  readonly deadLetters: readonly DeadLetter[];
  readonly delayed: readonly DelayedEvent[];
  /** Delayed events that are over, by their text. */
  readonly delayedOver: readonly string[];
  /** Ids of events that have one from their producers, so that a second copy is known. */
  readonly seen: readonly string[];
  /** Are called when all of it is stored. */
  readonly onStored: readonly (() => void)[];
}

const NONE: readonly never[] = [];

/** Nothing came of no call. */
export const NOTHING_HANDLED: Handled = {
  output: undefined,
  env: undefined,
  positions: new Map(),
  answers: new Map(),
  publications: NONE,
  deadLetters: NONE,
  delayed: NONE,
  delayedOver: NONE,
  seen: NONE,
  onStored: NONE,
};

/** Both, as of one: the newest output and `env`, and all of the rest. */
export function joined(before: Handled | undefined, after: Handled): Handled {
  if (before === undefined) return after;
  return {
    output: after.output ?? before.output,
    env: after.env ?? before.env,
    positions: joinedMaps(before.positions, after.positions),
    answers: joinedMaps(before.answers, after.answers),
    publications: joinedLists(before.publications, after.publications),
    deadLetters: joinedLists(before.deadLetters, after.deadLetters),
    delayed: joinedLists(before.delayed, after.delayed),
    delayedOver: joinedLists(before.delayedOver, after.delayedOver),
    seen: joinedLists(before.seen, after.seen),
    onStored: joinedLists(before.onStored, after.onStored),
  };
}

/** Bytes of what has to be kept of each call until it is stored: outputs and positions replace each other. */
export function keptBytes({ publications, deadLetters, delayed }: Handled): number {
  let sum = 0;
  for (const { event } of publications) sum += event.body.length;
  for (const { body } of deadLetters) sum += body.length;
  for (const { text } of delayed) sum += text.length;
  return sum;
}

function joinedMaps<Value>(
  before: ReadonlyMap<string, Value>,
  after: ReadonlyMap<string, Value>,
): ReadonlyMap<string, Value> {
  if (before.size === 0) return after;
  return after.size === 0 ? before : new Map([...before, ...after]);
}

function joinedLists<Item>(before: readonly Item[], after: readonly Item[]): readonly Item[] {
  if (before.length === 0) return after;
  return after.length === 0 ? before : [...before, ...after];
}
