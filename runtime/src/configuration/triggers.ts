import { isReservedKey } from "@gaugelet/shared/keys";
import { parseKeyPattern } from "@gaugelet/shared/redis/glob";
import { durationSchema, parseDuration } from "@gaugelet/shared/units";
import { z } from "zod";
import { TOPIC_NAME } from "../topics/topics.ts";
import { classSchema } from "./classes.ts";
import { cronOf } from "./cron.ts";
import { longestGapOf } from "./longest-gap.ts";

const redisKeyTrigger = z.strictObject({
  redisKey: z
    .string()
    .min(1)
    .refine(
      (text) => !isReservedKey(parseKeyPattern(text).prefix),
      "expected a key that does not begin with gaugelet:, or one of an output (gaugelet:output:…)",
    ),
  pollInterval: durationSchema.default(5),
});

const scheduleTrigger = z
  .strictObject({ schedule: z.string().min(1), timeZone: z.string().min(1).default("UTC") })
  .superRefine(({ schedule, timeZone }, context) => {
    if (!isTimeZone(timeZone)) {
      const message = "expected the name of a time zone, such as Europe/Berlin";
      context.addIssue({ code: "custom", path: ["timeZone"], message });
      return;
    }
    if (durationSchema.safeParse(schedule).success) return;
    let problem = "";
    try {
      if (cronOf(schedule, timeZone).nextRun() === null) problem = "it never fires";
    } catch (error) {
      problem = (error as Error).message;
    }
    if (problem === "") return;
    const message = `expected an interval such as 5s or a cron expression: ${problem}`;
    context.addIssue({ code: "custom", path: ["schedule"], message });
  });

/** Under any of its names: lists have one of each, and of some the old one, such as Asia/Calcutta. */
function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const httpTrigger = z.strictObject({
  http: z.literal(true, "expected true; leave the trigger out where the function is not to be called"),
});

/** The name of a topic, as a manifest says it. */
export const topicNameSchema = z
  .string()
  .regex(TOPIC_NAME, "expected the name of a topic: letters, digits, dots, dashes, underscores, 249 at most");

const topicTrigger = z.strictObject({
  topic: topicNameSchema,
  start: z.enum(["newest", "oldest"], "expected newest or oldest").default("newest"),
  batch: z
    .strictObject({
      size: z.int().min(1).max(10_000),
      wait: durationSchema.default(0.05),
      list: z.boolean().default(false),
    })
    .optional(),
  retries: z
    .strictObject({
      attempts: z.int().min(1).max(1_000).default(5),
      backoff: z
        .strictObject({ from: durationSchema.default(0.2), to: durationSchema.default(30) })
        .refine(({ from, to }) => from <= to, "expected from to be at most to")
        .prefault({}),
    })
    .prefault({}),
  class: classSchema.optional(),
  paused: z.boolean().default(false),
});

const prometheusTrigger = z.strictObject({
  prometheus: z.strictObject({ query: z.string().min(1), every: durationSchema.default(15) }),
});

/** The field that tells one kind from the others. */
const KINDS = {
  redisKey: redisKeyTrigger,
  topic: topicTrigger,
  schedule: scheduleTrigger,
  http: httpTrigger,
  prometheus: prometheusTrigger,
} as const;

const NAMES_OF_KINDS = Object.keys(KINDS)
  .join(", ")
  .replace(/, (?=[^,]*$)/, " or ");

/** A trigger of a manifest, of the kind that its field says. */
export const triggerSchema = z.unknown().transform((value, context): TriggerSpec => {
  const isObject = typeof value === "object" && value !== null;
  const kind = (Object.keys(KINDS) as (keyof typeof KINDS)[]).find((name) => isObject && name in value);
  if (kind === undefined) {
    context.addIssue({ code: "custom", message: `expected an object with ${NAMES_OF_KINDS}` });
    return z.NEVER;
  }
  const result = KINDS[kind].safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    context.addIssue({ code: "custom", path: issue.path, message: issue.message });
  }
  return z.NEVER;
});

/** A Redis key, or a pattern over keys, whose value is the input. */
export type RedisKeyTriggerSpec = z.output<typeof redisKeyTrigger>;
/** An interval (`5s`) or a cron expression in a time zone. */
export type ScheduleTriggerSpec = z.output<typeof scheduleTrigger>;
/** Events of a topic. */
export type TopicTriggerSpec = z.output<typeof topicTrigger>;
/** What a query of Prometheus results in, every so often. */
export type PrometheusTriggerSpec = z.output<typeof prometheusTrigger>;
/** Calls over HTTP, which are answered. */
export type HttpTriggerSpec = z.output<typeof httpTrigger>;
export type TriggerSpec =
  | RedisKeyTriggerSpec
  | TopicTriggerSpec
  | ScheduleTriggerSpec
  | HttpTriggerSpec
  | PrometheusTriggerSpec;

/** Longest usual time in seconds between two events; undefined where nobody can know. */
export function periodOf(trigger: TriggerSpec): number | undefined {
  if ("http" in trigger || "topic" in trigger) return undefined;
  if ("prometheus" in trigger) return trigger.prometheus.every;
  if ("redisKey" in trigger) return trigger.pollInterval;
  const { schedule, timeZone } = trigger;
  const seconds = parseDuration(schedule);
  if (seconds !== undefined) return seconds;
  return longestGapOf(schedule, timeZone) / 1000;
}
