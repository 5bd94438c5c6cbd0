import type { TopicEvent } from "../../topics/topics.ts";

interface Chunk {
  readonly events: readonly TopicEvent[];
  readonly receivedAt: number;
}

/** Events of one partition that came and are not taken, in their order; they take memory. */
export class Arrivals {
  /** Events as they came, and which of the first chunk is the next. */
  #chunks: Chunk[] = [];
  #at = 0;
  #waiting = 0;
  #bytes = 0;
  /** Events of which it is not known yet whether they are to be handled. */
  readonly #expected = new Set<readonly TopicEvent[]>();
  #expectedCount = 0;

  /** Events that may be taken. */
  get waiting(): number {
    return this.#waiting;
  }

  /** All events that are here, also those of which it is not known yet whether they may be taken. */
  get count(): number {
    return this.#waiting + this.#expectedCount;
  }

  /** What all events that are here take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** When the next one came, on the clock of `performance.now()`; undefined: there is none to take. */
  get receivedAt(): number | undefined {
    return this.#chunks[0]?.receivedAt;
  }

  /** Of all that are here. */
  get oldest(): TopicEvent | undefined {
    return this.#chunks[0]?.events[this.#at] ?? this.#expected.values().next().value?.[0];
  }

  add(events: readonly TopicEvent[]): void {
    if (events.length === 0) return;
    this.#chunks.push({ events, receivedAt: performance.now() });
    this.#waiting += events.length;
    this.#bytes += bytesOf(events);
  }

  /** Events that came, and of which it is not known yet whether they are to be handled. */
  expect(events: readonly TopicEvent[]): void {
    this.#expected.add(events);
    this.#expectedCount += events.length;
    this.#bytes += bytesOf(events);
  }

  /**
   * {@link add} those that are to be handled of events that were expected.
   *
   * @param expected the very list that was expected.
   */
  addExpected(expected: readonly TopicEvent[], events: readonly TopicEvent[]): void {
    if (this.#expected.delete(expected)) {
      this.#expectedCount -= expected.length;
      this.#bytes -= bytesOf(expected);
    }
    this.add(events);
  }

  /** Take the next one. */
  shift(): TopicEvent | undefined {
    const [chunk] = this.#chunks;
    const event = chunk?.events[this.#at];
    if (chunk === undefined || event === undefined) return undefined;
    this.#at += 1;
    if (this.#at === chunk.events.length) {
      this.#chunks.shift();
      this.#at = 0;
    }
    this.#waiting -= 1;
    this.#bytes -= event.body.length;
    return event;
  }

  clear(): void {
    this.#chunks = [];
    this.#at = 0;
    this.#waiting = 0;
    this.#expected.clear();
    this.#expectedCount = 0;
    this.#bytes = 0;
  }
}

function bytesOf(events: readonly TopicEvent[]): number {
  let bytes = 0;
  for (const { body } of events) bytes += body.length;
  return bytes;
}
