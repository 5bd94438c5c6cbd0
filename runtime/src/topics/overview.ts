import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { TopicTriggerSpec } from "../configuration/triggers.ts";
import type { TopicRates } from "./rates.ts";
import { type TopicDescription, TopicError, type Topics } from "./topics.ts";

/** A function that reads a topic. */
export interface TopicReader {
  readonly function: string;
  readonly trigger: TopicTriggerSpec;
  /** Events that it has not handled. */
  readonly lagEvents: number;
  /** Events that were dropped before it handled them. */
  readonly droppedEvents: number;
}

/** A topic, and what functions have to do with it. */
export interface TopicOverview extends TopicDescription {
  /** When the oldest event that is kept was published, Unix milliseconds; undefined: there is none. */
  readonly oldestAt: number | undefined;
  /** Undefined where nobody looked before, or the engine does not count. */
  readonly eventsPerSecond: number | undefined;
  readonly readers: readonly TopicReader[];
  /** Names of functions whose outputs are published to it. */
  readonly writers: readonly string[];
}

/**
 * Look at a topic.
 *
 * @param definitions of all functions that are known here.
 * @throws TopicError where there is no such topic.
 */
export async function overviewOf(
  topics: Topics,
  name: string,
  definitions: readonly FunctionDefinition[],
  rates: TopicRates,
): Promise<TopicOverview> {
  const bound = definitions.flatMap(({ name: reader, triggers }) =>
    triggers.flatMap((trigger) =>
      "topic" in trigger && trigger.topic === name ? [{ function: reader, trigger }] : [],
    ),
  );
  const [description, [oldest], readers] = await Promise.all([
    topics.describe(name),
    topics.peek(name, "oldest", 1),
    Promise.all(
      bound.map(async (each) => {
        const [lag] = await topics.lag(each.function, [name]);
        return { ...each, lagEvents: lag?.events ?? 0, droppedEvents: lag?.dropped ?? 0 };
      }),
    ),
  ]);
  return {
    ...description,
    oldestAt: oldest?.timestamp,
    eventsPerSecond: rates.of(name, publishedTo(description)),
    readers,
    writers: definitions.flatMap(({ name: writer, outputTopics }) =>
      outputTopics.includes(name) ? [writer] : [],
    ),
  };
}

/** {@link overviewOf} several topics; those that are deleted meanwhile are left out. */
export async function overviewsOf(
  topics: Topics,
  names: readonly string[],
  definitions: readonly FunctionDefinition[],
  rates: TopicRates,
): Promise<TopicOverview[]> {
  const found = await Promise.all(
    names.map((name) =>
      overviewOf(topics, name, definitions, rates).catch((error: unknown) => {
        if (error instanceof TopicError && error.code === "unknown-topic") return undefined;
        throw error;
      }),
    ),
  );
  return found.filter((each) => each !== undefined);
}

function publishedTo({ partitions }: TopicDescription): number | undefined {
  let sum = 0;
  for (const { published } of partitions) {
    if (published === null) return undefined;
    sum += published;
  }
  return sum;
}
