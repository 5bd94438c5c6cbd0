import type { Logger } from "pino";
import { Publisher } from "./publisher.ts";
import type { Topics } from "./topics.ts";

/** Topics, and what brings outputs to them. */
export interface OpenedTopics {
  readonly engine: Topics;
  readonly publisher: Publisher;
}

/** The topics of a runtime: opened when the first function or the first request wants them, and only once. */
export class TopicsOnDemand {
  readonly #openEngine: () => Promise<Topics>;
  readonly #log: Logger;
  #opening: Promise<OpenedTopics> | undefined;
  #opened: OpenedTopics | undefined;

  constructor(openEngine: () => Promise<Topics>, log: Logger) {
    this.#openEngine = openEngine;
    this.#log = log;
  }

  /** Undefined where nobody wanted any yet. */
  get opened(): OpenedTopics | undefined {
    return this.#opened;
  }

  async open(): Promise<OpenedTopics> {
    this.#opening ??= this.#openEngine().then((engine) => {
      this.#opened = { engine, publisher: new Publisher(engine, this.#log) };
      return this.#opened;
    });
    return await this.#opening;
  }

  async stop(): Promise<void> {
    const opened = await this.#opening;
    await opened?.engine.stop();
  }
}
