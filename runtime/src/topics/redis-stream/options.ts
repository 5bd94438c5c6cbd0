import { type Retention, TOPIC_NAME, TopicError, type TopicOptions } from "../topics.ts";

/**
 * What a topic keeps where nobody says otherwise. A stream without a limit would fill Redis, which then refuses
 * every write of every function.
 */
export const DEFAULT_RETENTION: Retention = { seconds: null, events: 1_000_000, bytes: null };

/** Somebody else's stream: we do not trim it. */
export const NO_RETENTION: Retention = { seconds: null, events: null, bytes: null };

/** @throws TopicError where it is no name of a topic. */
export function checkName(topic: string): void {
  if (TOPIC_NAME.test(topic)) return;
  throw new TopicError(
    "invalid-topic",
    `topic ${JSON.stringify(topic)}: expected 1 to 249 letters, digits, dots, dashes and underscores`,
  );
}

/** @throws TopicError where an option is none that a Redis Stream has. */
export function retentionOf(topic: string, { partitions = 1, retention = {} }: TopicOptions): Retention {
  const refuse = (option: string, expected: string): never => {
    throw new TopicError("invalid-option", `topic ${topic}: ${option}: expected ${expected}`);
  };
  if (partitions !== 1) {
    refuse("partitions", "1: a topic on Redis is one stream; use Kafka for more (GAUGELET_TOPICS=kafka)");
  }
  const { seconds = DEFAULT_RETENTION.seconds, events = DEFAULT_RETENTION.events, bytes = null } = retention;
  if (seconds !== null && !(Number.isFinite(seconds) && seconds > 0)) {
    refuse("retention.seconds", "a number above 0, or null for no limit");
  }
  if (events !== null && !(Number.isSafeInteger(events) && events > 0)) {
    refuse("retention.events", "a whole number above 0, or null for no limit");
  }
  if (bytes !== null) refuse("retention.bytes", "null: a Redis Stream counts events (retention.events)");
  return { seconds, events, bytes };
}

/** The retention in an entry of the hash of topics; undefined where it is none that we wrote. */
export function readRetention(json: string): Retention | undefined {
  try {
    const { retention } = JSON.parse(json) as { retention?: Partial<Retention> };
    const limit = (value: unknown): number | null => (typeof value === "number" ? value : null);
    if (typeof retention !== "object" || retention === null) return undefined;
    return { seconds: limit(retention.seconds), events: limit(retention.events), bytes: null };
  } catch {
    return undefined;
  }
}
