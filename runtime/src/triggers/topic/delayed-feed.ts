import type { TopicTriggerSpec } from "../../configuration/triggers.ts";
import { Delivery } from "../../dispatcher/delivery.ts";
import type { Feed, RetryPolicy } from "../../dispatcher/feed.ts";
import type { Gathered } from "../../sinks/handled.ts";
import { givenId } from "../../topics/headers.ts";
import { readDelayed } from "./delayed-event.ts";
import { TopicEntry } from "./topic-entry.ts";

const LOOK_MILLISECONDS = 200;
/** While nothing was due for a while. */
const LOOK_IDLE_MILLISECONDS = 2_000;
const IDLE_AFTER_LOOKS = 50;
const MOST_AT_ONCE = 64;
/** Beyond the time of a call: how long an event may wait for its worker before somebody else may take it. */
const WAIT_MILLISECONDS = 60_000;

/** What a {@link DelayedFeed} is made of. */
export interface DelayedFeedParts {
  readonly shard: string;
  /** Seconds that a call may take. */
  readonly timeout: number;
  readonly weight: number;
  readonly hasNumericOffsets: boolean;
  /** What is said of a topic; undefined: the function has nothing to do with it any more. */
  readonly specOf: (topic: string) => Pick<TopicTriggerSpec, "retries" | "batch"> | undefined;
  /** Takes events that are due, and keeps them from others for so many milliseconds. */
  readonly claim: (most: number, milliseconds: number) => Promise<readonly string[]>;
  /** Lets others have events at once that were taken, and not begun with. */
  readonly giveBack: (texts: readonly string[]) => void;
  readonly onReady: () => void;
}

const NO_MORE: RetryPolicy = { attempts: 1, backoff: { from: 0, to: 0 } };

/**
 * Events that wait in Redis for their time: those that failed, of a function without `env`, so that others go past
 * them; and those that somebody replays.
 */
export class DelayedFeed implements Feed {
  readonly #parts: DelayedFeedParts;
  readonly source = "delayed";
  #waiting: Delivery[] = [];
  /** Those that are here, as they are in Redis. */
  readonly #held = new Set<string>();
  #underWay = 0;
  #over: string[] = [];
  #seen: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #looksForNothing = 0;
  isInTurn = false;
  isClosed = false;

  constructor(parts: DelayedFeedParts) {
    this.#parts = parts;
    this.#lookIn(0);
  }

  get shard(): string {
    return this.#parts.shard;
  }

  get hasNumericOffsets(): boolean {
    return this.#parts.hasNumericOffsets;
  }

  get weight(): number {
    return this.#parts.weight;
  }

  /** An event was just delayed: look soon. */
  wake(): void {
    if (this.#looksForNothing < IDLE_AFTER_LOOKS) return;
    this.#looksForNothing = 0;
    this.#lookIn(LOOK_MILLISECONDS);
  }

  peek(now: number): Delivery | undefined {
    const [next] = this.#waiting;
    return next !== undefined && next.notBefore <= now ? next : undefined;
  }

  take(): Delivery | undefined {
    const delivery = this.#waiting.shift();
    if (delivery !== undefined) this.#underWay += 1;
    return delivery;
  }

  putBack(deliveries: readonly Delivery[]): void {
    this.#underWay -= deliveries.length;
    this.#waiting = [...deliveries, ...this.#waiting];
  }

  over({ entry }: Delivery): void {
    if (!(entry instanceof TopicEntry) || entry.isOver) return;
    entry.isOver = true;
    this.#underWay -= 1;
    if (entry.delayed !== undefined) {
      this.#over.push(entry.delayed);
      this.#held.delete(entry.delayed);
    }
    const id = givenId(entry.event.headers);
    if (id !== undefined) this.#seen.push(id);
  }

  settle(handled: Gathered): void {
    for (const text of this.#over) handled.delayedOver.push(text);
    for (const id of this.#seen) handled.seen.push(id);
    this.#over = [];
    this.#seen = [];
  }

  split(): undefined {
    return undefined;
  }

  stored(): void {}

  /** Redis gives them again, those that are still to be handled. */
  rewind(): void {
    this.#held.clear();
    this.#waiting = [];
    this.#underWay = 0;
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.#timer);
    // Others may have had those by now that waited for longer.
    const since = performance.now() - this.#keepMilliseconds;
    const own = this.#waiting.filter(({ event }) => event.receivedAt > since);
    this.#parts.giveBack(own.flatMap(({ entry }) => (entry as TopicEntry).delayed ?? []));
    this.#waiting = [];
  }

  get #keepMilliseconds(): number {
    return this.#parts.timeout * 1000 + WAIT_MILLISECONDS;
  }

  #lookIn(milliseconds: number): void {
    clearTimeout(this.#timer);
    if (!this.isClosed) this.#timer = setTimeout(() => void this.#look(), milliseconds);
  }

  async #look(): Promise<void> {
    const room = MOST_AT_ONCE - this.#waiting.length - this.#underWay;
    if (room > 0) {
      const texts = await this.#parts.claim(room, this.#keepMilliseconds);
      if (this.isClosed) {
        this.#parts.giveBack(texts);
        return;
      }
      this.#looksForNothing = texts.length > 0 ? 0 : this.#looksForNothing + 1;
      for (const text of texts) this.#add(text);
    }
    if (this.#waiting.length > 0) this.#parts.onReady();
    this.#lookIn(this.#looksForNothing < IDLE_AFTER_LOOKS ? LOOK_MILLISECONDS : LOOK_IDLE_MILLISECONDS);
  }

  #add(text: string): void {
    const delayed = readDelayed(text);
    // One that waits here for long is given out again.
    if (delayed === undefined || this.#held.has(text)) return;
    this.#held.add(text);
    const { topic, partition, event, attempts } = delayed;
    const { hasNumericOffsets, shard } = this;
    const { retries = NO_MORE, batch } = this.#parts.specOf(topic) ?? {};
    const origin = { feed: this, shard, topic, partition, hasNumericOffsets, retries };
    const entry = new TopicEntry(origin, event, performance.now(), batch?.list ? [event] : undefined, text);
    const delivery = new Delivery(entry, undefined, undefined, entry);
    delivery.attempts = attempts;
    delivery.headText = entry.headText(attempts + 1);
    this.#waiting.push(delivery);
  }
}
