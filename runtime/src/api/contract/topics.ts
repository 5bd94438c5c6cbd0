import { z } from "zod";
import { classSchema } from "../../configuration/classes.ts";
import { TOPIC_NAME } from "../../topics/topics.ts";

const MOST_EVENTS = 1_000;
/** Names that begin so are of our own headers. */
const HEADER_NAME = /^(?!gaugelet-).{1,255}$/is;
const limitOrNull = z.number().positive().nullable();

/** The name of a topic, in a path or a body. */
export const topicName = z
  .string()
  .regex(TOPIC_NAME, "expected 1 to 249 letters, digits, dots, dashes and underscores");

export const retentionSchema = z.object({
  seconds: limitOrNull.describe("how long events are kept; null: as long as there is room"),
  events: limitOrNull.describe("how many are kept, on Redis; null on Kafka"),
  bytes: limitOrNull.describe("how much of each partition is kept, on Kafka; null on Redis"),
});

/** Body: make a topic. */
export const newTopic = z.strictObject({
  name: topicName,
  partitions: z
    .int()
    .min(1)
    .max(10_000)
    .optional()
    .describe("1 on Redis; Kafka's own default where not said"),
  retention: retentionSchema
    .partial()
    .strict()
    .default({})
    .describe("the engine's own default where not said"),
});

/** A topic, and what functions have to do with it. */
export const topicView = z.object({
  name: z.string(),
  partitions: z.array(
    z.object({
      number: z.number(),
      events: z.number().describe("that are kept, or an upper bound of them"),
      newest: z.string().nullable().describe("position of the newest event"),
    }),
  ),
  events: z.number().describe("that are kept in all partitions"),
  oldestAt: z.string().nullable().describe("when the oldest event that is kept was published"),
  oldestAgeSeconds: z.number().nullable(),
  eventsPerSecond: z
    .number()
    .nullable()
    .describe("published since it was looked at before; null: this is the first look, or nobody counts"),
  retention: retentionSchema,
  readers: z.array(
    z.object({
      function: z.string(),
      lagEvents: z.number().describe("events that it has not handled"),
      droppedEvents: z.number().describe("events that the topic dropped before it handled them"),
      start: z.enum(["newest", "oldest"]),
      class: classSchema.nullable().describe("of its events here; null: the function's own"),
      isPaused: z.boolean(),
    }),
  ),
  writers: z.array(z.string()).describe("functions whose outputs are published to it"),
});

const value = z
  .unknown()
  .refine((given) => given !== undefined, "expected any JSON, an object as a rule")
  .describe("any JSON, an object as a rule");

const eventFields = {
  key: z.string().min(1).max(1_024).describe("events with one key stay in order").optional(),
  headers: z
    .record(z.string(), z.string().max(8_192))
    .refine((headers) => Object.keys(headers).every((name) => HEADER_NAME.test(name)), {
      message: "expected names of 1 to 255 characters that do not begin with gaugelet-",
    })
    .optional(),
  id: z
    .string()
    .min(1)
    .max(255)
    .describe("a name for the event: a second one with the same name is not handled again")
    .optional(),
};

const newEvent = z.strictObject({ value, ...eventFields });

/** An event to publish, as it is given. */
export type GivenEvent = Omit<z.output<typeof newEvent>, "value"> & { readonly value: unknown };

/** Body: publish one event, or several. */
export const newEvents = z
  .strictObject({
    value: z.unknown().optional().describe("any JSON, an object as a rule; of one event"),
    ...eventFields,
    events: z.array(newEvent).min(1).max(MOST_EVENTS).optional().describe("several events, instead of one"),
  })
  .refine(({ value: one, events }) => (one === undefined) !== (events === undefined), {
    message: "expected either value or events",
  })
  .refine(
    ({ events, key, headers, id }) =>
      events === undefined || (key === undefined && headers === undefined && id === undefined),
    { message: "expected key, headers and id in each of events" },
  );

export const published = z.object({
  positions: z.array(z.string()).describe("where each event stands, in the order that they were given in"),
});

/** An event as it stands in a topic. */
export const eventView = z.object({
  partition: z.number(),
  position: z.string(),
  publishedAt: z.string(),
  key: z.string().nullable(),
  headers: z.record(z.string(), z.string()),
  value: z.unknown().describe("the event; null where it is no JSON, or is cut"),
  text: z.string().nullable().describe("what it is instead of JSON, or the beginning of it where it is cut"),
  isCut: z.boolean().describe("it is longer than 64 KiB"),
});
