import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import type { Publication } from "../sinks/handled.ts";
import { type NewEvent, TopicError, type Topics } from "./topics.ts";

const FIRST_PAUSE_MILLISECONDS = 100;
const LONGEST_PAUSE_MILLISECONDS = 5_000;

/** Brings outputs of functions to their topics; patient where the engine is away. */
export class Publisher {
  readonly #topics: Topics;
  readonly #log: Logger;

  constructor(topics: Topics, log: Logger) {
    this.#topics = topics;
    this.#log = log;
  }

  /**
   * Publish, trying until all is published.
   *
   * @returns undefined where `signal` aborted first.
   */
  async publish(publications: readonly Publication[], signal: AbortSignal): Promise<true | undefined> {
    const byTopic = Map.groupBy(publications, ({ topic }) => topic);
    const results = await Promise.all(
      [...byTopic].map(([topic, ofTopic]) =>
        this.#persist(
          topic,
          ofTopic.map(({ event }) => event),
          signal,
        ),
      ),
    );
    return results.every((result) => result === true) ? true : undefined;
  }

  async #persist(topic: string, events: readonly NewEvent[], signal: AbortSignal): Promise<true | undefined> {
    let reported: string | undefined;
    for (
      let pause = FIRST_PAUSE_MILLISECONDS;
      !signal.aborted;
      pause = Math.min(pause * 2, LONGEST_PAUSE_MILLISECONDS)
    ) {
      try {
        await this.#publish(topic, events);
        if (reported !== undefined) this.#log.info({ topic }, `could publish to topic ${topic} again`);
        return true;
      } catch (error) {
        const reason = (error as Error).message;
        if (reason !== reported) {
          reported = reason;
          this.#log.error({ topic, reason }, `cannot publish to topic ${topic}, trying on: ${reason}`);
        }
      }
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
    return undefined;
  }

  /** An output's topic is made where there is none. */
  async #publish(topic: string, events: readonly NewEvent[]): Promise<void> {
    try {
      await this.#topics.publish(topic, events);
    } catch (error) {
      if (!(error instanceof TopicError && error.code === "unknown-topic")) throw error;
      await this.#topics.create(topic, {}).catch((failure: unknown) => {
        // Somebody else was faster.
        if (!(failure instanceof TopicError && failure.code === "topic-exists")) throw failure;
      });
      await this.#topics.publish(topic, events);
    }
  }
}
