import { randomUUID } from "node:crypto";
import { setImmediate as immediate } from "node:timers/promises";
import type { OutputEntry } from "@gaugelet/shared/outputs";
import { Gathered, type Handled, type Publication } from "./handled.ts";
import type { RecordedStep, RedisStore } from "./redis-store.ts";

/** Steps are in a row where no more than this is between them: of calls that come by the thousand in a second. */
const IN_A_ROW_MILLISECONDS = 0.5;
/** After steps for so many calls in a row the next one waits, so that it is for many: a step costs more than a call. */
const MANY_CALLS = 8;
/** It waits for so long, */
const LONGEST_WAIT_MILLISECONDS = 25;
/** and looks so often whether nothing more has come: then it goes. It goes at once where somebody waits for it. */
const WAIT_MILLISECONDS = 5;
/** So much of what cannot be joined is stored without waiting for more. */
const MUCH_BYTES = 1024 ** 2;
/** More of what cannot be joined waits for nobody: whoever brings more of it should wait. */
const FULL_BYTES = 8 * 1024 ** 2;

/** What an {@link Outbox} is made of. */
export interface OutboxParts {
  readonly outputKey: string;
  readonly functionName: string;
  readonly store: RedisStore;
  /** Makes the entry in `gaugelet:outputs` at the time of storing. */
  readonly entryNow: () => OutputEntry;
  /** Ends the patience with Redis and with topics: what is not stored then is lost. */
  readonly signal: AbortSignal;
  /** The lease's key and the token that the owner has; undefined: nobody needs to own this. */
  readonly fence: () => Fence | undefined;
  /** Publish outputs, however long it takes; undefined once the patience is over. */
  readonly publish: (publications: readonly Publication[]) => Promise<true | undefined>;
  /** What was to be stored of these positions is void: another owner came first, or has the partition. */
  readonly onConflict: (positions: ReadonlyMap<string, string>) => void;
  /** There is room again, after {@link Outbox.isFull}. */
  readonly onRoom: () => void;
  /** These positions are stored. */
  readonly onPositions: (positions: ReadonlyMap<string, string>) => void;
}

const PROCESS = randomUUID();
let writers = 0;

/** A name for one outbox, which no other has or had. */
function nextWriter(): string {
  writers += 1;
  return `${PROCESS}:${writers}`;
}

/** What a store proves that it comes from the owner by. */
export interface Fence {
  readonly key: string;
  readonly token: string;
  /** Whether the owner alone stores; else others store as well what no owner is needed for. */
  readonly isOfAll: boolean;
}

/**
 * Stores what one output key's calls came to, in order and one step at a time.
 *
 * What comes while a step is under way goes into the next one together: the newest output and `env` with the
 * positions of all. So it holds one record at most, however long Redis is away.
 *
 * Outputs on their way to topics are published first: where the end comes between the two, the event is handled once
 * more, and the second copy has the same id.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  #next: Gathered | undefined;
  /** What the next step is for. */
  #calls = 0;
  /** What cannot be joined, of what is being stored and of what comes next. */
  #storingBytes = 0;
  #nextBytes = 0;
  /** Whether somebody may wait for room. */
  #wasFull = false;
  #working: Promise<void> | undefined;
  /** Who waits for the step under way to be over; undefined: there is none. */
  #awaitingStep: (() => void)[] | undefined;
  /** The same of the next one. */
  #awaitingNext: (() => void)[] = [];
  #storedAt = Number.NaN;
  /** Ends the wait for more, where there is one. */
  #endRest: (() => void) | undefined;
  readonly #writer = nextWriter();
  #steps = 0;
  /** Of the last steps. */
  #callsInARow = 0;
  /** When the last step was over. */
  #lastStepAt = Number.NEGATIVE_INFINITY;
  /** The stored position of each source that has one owner at a time; "": none is stored. */
  readonly #expected = new Map<string, string>();

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** When the last output was stored, Unix milliseconds; NaN: none yet. */
  get storedAt(): number {
    return this.#storedAt;
  }

  /** Note what was stored before. */
  noteStored(storedAt: number | null): void {
    if (storedAt !== null) this.#storedAt = storedAt;
  }

  /** From now on a source's position is only stored where this one is stored before it. */
  expect(source: string, position: string | undefined): void {
    this.#expected.set(source, position ?? "");
  }

  /**
   * Whether what is stored of these sources is what was stored last. Where a step is under way it finds out by itself,
   * and this says yes.
   */
  async isAsStored(sources: readonly string[]): Promise<boolean> {
    const expected = sources.flatMap((source) => {
      const position = this.#expected.get(source);
      return position === undefined ? [] : [[source, position] as const];
    });
    if (this.#working !== undefined) return true;
    for (const [source, position] of expected) {
      const stored = (await this.#parts.store.lastPosition(this.#parts.outputKey, source)) ?? "";
      if (this.#working !== undefined) return true;
      if (stored !== position && this.#expected.get(source) === position) return false;
    }
    return true;
  }

  /** Whether so much waits that nothing should come that can wait elsewhere. */
  get isFull(): boolean {
    return this.#storingBytes + this.#nextBytes > FULL_BYTES;
  }

  /** Whether nothing is left to do, and what it knows is in the store too. */
  get canGo(): boolean {
    const { store, outputKey } = this.#parts;
    return this.#working === undefined && this.#expected.size === 0 && !store.storesOutputAlone(outputKey);
  }

  /** Settles when everything is stored, or given up: never, where more keeps coming. */
  get idle(): Promise<void> {
    return this.#working ?? Promise.resolve();
  }

  /** Settles when everything that was put until now is stored, or given up, or void. */
  get settled(): Promise<void> {
    const awaiting = this.#next === undefined ? this.#awaitingStep : this.#awaitingNext;
    return new Promise((resolve) => {
      if (awaiting === undefined) resolve();
      else awaiting.push(resolve);
      this.#endRest?.();
    });
  }

  put(handled: Handled): void {
    this.gather((next) => next.add(handled));
  }

  /**
   * As {@link put}, where what calls came to is of no use by itself.
   *
   * @param add adds it to what is stored next.
   * @param calls how many it is of.
   */
  gather(add: (next: Gathered) => void, calls = 1): void {
    this.#next ??= new Gathered();
    add(this.#next);
    this.#calls += calls;
    this.#nextBytes = this.#next.bytes;
    this.#wasFull ||= this.isFull;
    this.#working ??= this.#work();
    if (this.#isAwaited) this.#endRest?.();
  }

  async #work(): Promise<void> {
    // Whatever else comes in this turn of the event loop goes along, and so do lines that recorded calls wrote.
    if (this.#next?.runs?.records.length) await immediate();
    else await Promise.resolve();
    for (let next = this.#next; next !== undefined; next = this.#next) {
      this.#next = undefined;
      const isInARow = performance.now() - this.#lastStepAt < IN_A_ROW_MILLISECONDS;
      this.#callsInARow = (isInARow ? this.#callsInARow : 0) + this.#calls;
      this.#calls = 0;
      this.#storingBytes = this.#nextBytes;
      this.#nextBytes = 0;
      this.#awaitingStep = this.#awaitingNext;
      this.#awaitingNext = [];
      await this.#store(next);
      this.#tellSettled();
      this.#storingBytes = 0;
      this.#tellOfRoom();
      this.#lastStepAt = performance.now();
      if (this.#callsInARow >= MANY_CALLS) await this.#waitForMore();
    }
    this.#working = undefined;
  }

  /** Until there is much, or nothing more comes, or somebody waits for it, or it was long enough. */
  async #waitForMore(): Promise<void> {
    const { signal } = this.#parts;
    for (let waited = 0; waited < LONGEST_WAIT_MILLISECONDS && !signal.aborted; waited += WAIT_MILLISECONDS) {
      if (this.#nextBytes > MUCH_BYTES || this.#isAwaited) return;
      const before = this.#calls;
      await this.#rest();
      if (this.#calls === before) return;
    }
  }

  /** Settles after a while, or when somebody waits for what comes next. */
  async #rest(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, WAIT_MILLISECONDS);
    this.#endRest = resolve;
    await promise;
    clearTimeout(timer);
    this.#endRest = undefined;
  }

  get #isAwaited(): boolean {
    return this.#awaitingNext.length > 0 || (this.#next?.onSettled.length ?? 0) > 0;
  }

  /** A step is over; where it made the next one void, so is that. */
  #tellSettled(): void {
    for (const hear of this.#awaitingStep ?? []) hear();
    this.#awaitingStep = undefined;
    if (this.#next !== undefined) return;
    for (const hear of this.#awaitingNext.splice(0)) hear();
  }

  /** It may have become full while something was stored. */
  #tellOfRoom(): void {
    if (!this.#wasFull || this.isFull) return;
    this.#wasFull = false;
    this.#parts.onRoom();
  }

  #step({ runs }: Handled): RecordedStep | undefined {
    if (runs === undefined) return undefined;
    this.#steps += 1;
    return { runs, writer: this.#writer, number: this.#steps };
  }

  /** Undefined where whoever stores it need not be the owner: it has no event that the owner alone handles. */
  #fenceOf({ positions }: Handled): Fence | undefined {
    const fence = this.#parts.fence();
    const isOwners = (source: string): boolean => !this.#expected.has(source);
    return fence?.isOfAll || [...positions.keys()].some(isOwners) ? fence : undefined;
  }

  async #store(handled: Handled): Promise<void> {
    const { outputKey, functionName, store, signal, publish } = this.#parts;
    if (handled.publications.length > 0 && (await publish(handled.publications)) === undefined) {
      tellOf(handled, false);
      return;
    }
    const entry = this.#parts.entryNow();
    const expected = this.#expected;
    const fence = this.#fenceOf(handled);
    const record = { outputKey, functionName, entry, fence, expected, step: this.#step(handled) };
    const result = await store.store({ ...handled, ...record }, signal);
    if (result === "stored") {
      if (handled.output !== undefined) this.#storedAt = entry.storedAt;
      for (const [source, position] of handled.positions) {
        if (this.#expected.has(source)) this.#expected.set(source, position);
      }
      if (handled.positions.size > 0) this.#parts.onPositions(handled.positions);
      tellOf(handled, true);
      return;
    }
    const isVoid = [handled];
    if (result === "conflict") {
      // What comes after it was made from the same env.
      if (this.#next !== undefined) isVoid.push(this.#next);
      this.#next = undefined;
      this.#nextBytes = 0;
      this.#parts.onConflict(new Map(isVoid.flatMap(({ positions }) => [...positions])));
    }
    for (const each of isVoid) tellOf(each, false);
  }
}

function tellOf({ onSettled }: Handled, isStored: boolean): void {
  for (const hear of onSettled) hear(isStored);
}
