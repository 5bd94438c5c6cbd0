import { z } from "zod";
import type { Headers, TopicEvent } from "../../topics/topics.ts";

/** An event that failed, or is replayed, and waits in Redis until its time comes. */
export interface DelayedTopicEvent {
  readonly topic: string;
  readonly partition: number;
  readonly event: TopicEvent;
  /** Attempts that failed. */
  readonly attempts: number;
}

/** Taken as it is, where `z.record` makes another one: that leaves out the name `__proto__`. */
const headersSchema = z.custom<Headers>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string"),
);

const textSchema = z.object({
  topic: z.string(),
  partition: z.number().int(),
  position: z.string(),
  timestamp: z.number(),
  /** Base64, as the event: both may be any bytes. */
  key: z.string().nullable(),
  headers: headersSchema,
  attempts: z.number().int().nonnegative(),
  event: z.string(),
});

/** As a member of the sorted set of delayed events. */
export function writeDelayed({ topic, partition, event, attempts }: DelayedTopicEvent): string {
  const { position, timestamp, key, headers, body } = event;
  return JSON.stringify({
    topic,
    partition,
    position,
    timestamp,
    key: key === null ? null : key.toString("base64"),
    headers,
    attempts,
    event: body.toString("base64"),
  } satisfies z.input<typeof textSchema>);
}

/** Undefined where a stranger wrote it. */
export function readDelayed(text: string): DelayedTopicEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { data } = textSchema.safeParse(value);
  if (data === undefined) return undefined;
  const { topic, partition, position, timestamp, headers, attempts } = data;
  const key = data.key === null ? null : Buffer.from(data.key, "base64");
  const event = { position, timestamp, headers, key, body: Buffer.from(data.event, "base64") };
  return { topic, partition, event, attempts };
}
