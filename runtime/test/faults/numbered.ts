import type { Topics } from "../../src/topics/topics.ts";
import type { Counted } from "./handlers.ts";
import { keepSending, publishUntilThere } from "./sending.ts";

const AT_ONCE = 500;

/** What became of numbered events. */
export interface Tally {
  readonly sent: number;
  /** Effects that there are, doubled ones included. */
  readonly handled: number;
  readonly lost: number;
  readonly doubled: number;
}

/** Publishes events numbered from 1, in order. */
export class Numbered {
  readonly #topics: Topics;
  readonly #topic: string;
  readonly #areNamed: boolean;
  sent = 0;

  /** @param areNamed whether each event has a name, so that one that is published twice is known. */
  constructor(topics: Topics, topic: string, areNamed = false) {
    this.#topics = topics;
    this.#topic = topic;
    this.#areNamed = areNamed;
  }

  /** Publish so many more, each batch again until it is there, which may double it where a connection breaks. */
  async send(count: number, fields: (n: number) => object = () => ({})): Promise<void> {
    for (const end = this.sent + count; this.sent < end; ) {
      const size = Math.min(AT_ONCE, end - this.sent);
      const events = Array.from({ length: size }, (_, index) => {
        const n = this.sent + 1 + index;
        const body = Buffer.from(JSON.stringify({ n, ...fields(n) }));
        const headers: Record<string, string> = this.#areNamed ? { "gaugelet-event-id": String(n) } : {};
        return { body, key: null, headers };
      });
      await publishUntilThere(this.#topics, this.#topic, events);
      this.sent += size;
    }
  }

  /** Publish so many a second. @returns what stops it. */
  keepSending(perSecond: number): () => Promise<void> {
    return keepSending(perSecond, AT_ONCE, (count) => this.send(count));
  }
}

/** Say what became of the events of a run, for whoever reads the tests' output. */
export function report(run: string, { sent, handled, lost, doubled }: Tally, more = ""): void {
  const rest = more === "" ? "" : `; ${more}`;
  console.log(`${run}: sent ${sent}, handled ${handled}, lost ${lost}, doubled ${doubled}${rest}`);
}

/** Of numbers from 1 to `sent`, how often each has had its effect. */
export function tallyOf(sent: number, numbers: Iterable<number>): Tally {
  const seen = new Set<number>();
  let handled = 0;
  for (const n of numbers) {
    handled += 1;
    seen.add(n);
  }
  return { sent, handled, lost: sent - seen.size, doubled: handled - seen.size };
}

/** The same of a function that counts its events, whose output this is. */
export function tallyOfCounted(sent: number, { count, doubled }: Counted): Tally {
  return { sent, handled: count, lost: sent - (count - doubled), doubled };
}

/** What a function that counts has stored once it has seen each event once and in order. */
export function countedOnce(sent: number): Counted {
  return { n: sent, count: sent, sum: (sent * (sent + 1)) / 2, last: sent, gaps: [], doubled: 0 };
}
