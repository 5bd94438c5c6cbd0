import type { TopicTriggerSpec } from "../../configuration/triggers.ts";
import type { TopicStart, Topics } from "../../topics/topics.ts";

const RETRY_MILLISECONDS = 1_000;

/**
 * Where a function begins in topics that it has never read. A standby knows that from its first look on: else it would
 * miss what comes between that and the time that it becomes the owner, where the owner reads other topics.
 */
export class Beginnings {
  readonly #topics: Pick<Topics, "endOf">;
  /** The ends of topics when they were first looked at. */
  readonly #ends = new Map<string, TopicStart>();
  /** What is looked at now; a new list for each time. */
  #awaited: readonly TopicTriggerSpec[] = [];
  #retry: NodeJS.Timeout | undefined;

  constructor(topics: Pick<Topics, "endOf">) {
    this.#topics = topics;
  }

  /** Look at those of these that have not been looked at. Tried again until it works, or {@link stop}. */
  look(specs: readonly TopicTriggerSpec[]): void {
    this.stop();
    const awaited = [...specs];
    this.#awaited = awaited;
    Promise.all(awaited.map((spec) => this.#lookAt(spec))).catch(() => {
      if (this.#awaited !== awaited) return;
      this.#retry = setTimeout(() => this.look(awaited), RETRY_MILLISECONDS).unref();
    });
  }

  stop(): void {
    this.#awaited = [];
    clearTimeout(this.#retry);
  }

  of({ topic, start }: TopicTriggerSpec): TopicStart {
    return start === "oldest" ? start : (this.#ends.get(topic) ?? start);
  }

  async #lookAt({ topic, start, paused }: TopicTriggerSpec): Promise<void> {
    if (start === "oldest" || paused || this.#ends.has(topic)) return;
    const end = await this.#topics.endOf(topic);
    if (!this.#ends.has(topic)) this.#ends.set(topic, end);
  }
}
