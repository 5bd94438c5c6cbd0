import type { Topics } from "../../src/topics/topics.ts";
import { keepSending, publishUntilThere } from "./sending.ts";

const AT_ONCE = 100;

/**
 * Publishes events of several sources, each numbered from 1 and in one partition, in order. Each has a name, so that
 * one that is published again, since nobody answered, is known.
 */
export class Keyed {
  readonly #topics: Topics;
  readonly #topic: string;
  readonly #sources: readonly string[];
  readonly sent: Record<string, number> = {};

  constructor(topics: Topics, topic: string, sources: readonly string[]) {
    this.#topics = topics;
    this.#topic = topic;
    this.#sources = sources;
    for (const source of sources) this.sent[source] = 0;
  }

  /** Publish so many more of each source. */
  async send(count: number, fields: object = {}): Promise<void> {
    await Promise.all(this.#sources.map((source) => this.#sendOf(source, count, fields)));
  }

  /** Publish so many of each source a second. @returns what stops it. */
  keepSending(perSecond: number): () => Promise<void> {
    return keepSending(perSecond, AT_ONCE, (count) => this.send(count));
  }

  async #sendOf(source: string, count: number, fields: object): Promise<void> {
    for (const end = (this.sent[source] ?? 0) + count; ; ) {
      const before = this.sent[source] ?? 0;
      const size = Math.min(AT_ONCE, end - before);
      if (size === 0) return;
      const events = Array.from({ length: size }, (_, index) => {
        const n = before + 1 + index;
        return {
          body: Buffer.from(JSON.stringify({ source, n, ...fields })),
          key: Buffer.from(source),
          headers: { "gaugelet-event-id": `${source}-${n}` },
        };
      });
      await publishUntilThere(this.#topics, this.#topic, events);
      this.sent[source] = before + size;
    }
  }
}
