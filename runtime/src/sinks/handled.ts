import { type FinishedRun, RunBatch } from "../runs/run-batch.ts";
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
  /** What else is known of where it comes from, by name; a key may be any bytes. */
  readonly origin: Readonly<Record<string, string | Buffer>>;
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
  /** Calls that are over, where they are counted: these and others that stored nothing. */
  readonly runs: RunBatch | undefined;
  /** Hear that all of it is stored, or that it never will be. */
  readonly onSettled: readonly ((isStored: boolean) => void)[];
}

/** What several calls came to, gathered in their order: the newest output and `env`, and all of the rest. */
export class Gathered implements Handled {
  output: Buffer | undefined;
  env: Buffer | undefined;
  readonly positions = new Map<string, string>();
  readonly answers = new Map<string, Buffer>();
  readonly publications: Publication[] = [];
  readonly deadLetters: DeadLetter[] = [];
  readonly delayed: DelayedEvent[] = [];
  readonly delayedOver: string[] = [];
  readonly seen: string[] = [];
  runs: RunBatch | undefined;
  readonly onSettled: ((isStored: boolean) => void)[] = [];
  #bytes = 0;

  /** Of what has to be kept of each call until it is stored: outputs and positions replace each other. */
  get bytes(): number {
    return this.#bytes + (this.runs?.bytes ?? 0);
  }

  addPublication(publication: Publication): void {
    this.publications.push(publication);
    this.#bytes += publication.event.body.length;
  }

  addDeadLetter(letter: DeadLetter): void {
    this.deadLetters.push(letter);
    this.#bytes += letter.body.length;
  }

  addDelayed(event: DelayedEvent): void {
    this.delayed.push(event);
    this.#bytes += event.text.length;
  }

  addRun(run: FinishedRun): void {
    this.runs ??= new RunBatch();
    this.runs.add(run);
  }

  /** Add what newer calls came to. */
  add(newer: Handled): void {
    this.output = newer.output ?? this.output;
    this.env = newer.env ?? this.env;
    for (const [source, position] of newer.positions) this.positions.set(source, position);
    for (const [name, answer] of newer.answers) this.answers.set(name, answer);
    for (const publication of newer.publications) this.addPublication(publication);
    for (const letter of newer.deadLetters) this.addDeadLetter(letter);
    for (const event of newer.delayed) this.addDelayed(event);
    for (const text of newer.delayedOver) this.delayedOver.push(text);
    for (const id of newer.seen) this.seen.push(id);
    if (newer.runs !== undefined) {
      if (this.runs === undefined) this.runs = newer.runs;
      else this.runs.join(newer.runs);
    }
    for (const hear of newer.onSettled) this.onSettled.push(hear);
  }
}
