import { defaultOutputKey, isReservedKey } from "@gaugelet/shared/keys";
import { parseKeyPattern } from "@gaugelet/shared/redis/glob";
import { bytesSchema, durationSchema, parseDuration } from "@gaugelet/shared/units";
import { Cron } from "croner";
import { z } from "zod";

/** Placeholder in an output key for the part of the input key that the trigger's pattern matched. */
const SHARD_PLACEHOLDER = "{shard}";
/** Placeholder in an output key for this machine's node name; with it goes a colon in front. */
const NODE_PLACEHOLDER = /:?\{node\}/g;

const redisKeyTrigger = z.strictObject({
  redisKey: z.string().min(1),
  pollInterval: durationSchema.default(5),
});

const scheduleTrigger = z
  .strictObject({ schedule: z.string().min(1), timeZone: z.string().min(1).default("UTC") })
  .superRefine(({ schedule, timeZone }, context) => {
    if (!Intl.supportedValuesOf("timeZone").includes(timeZone) && timeZone !== "UTC") {
      const message = "expected the name of a time zone, such as Europe/Berlin";
      context.addIssue({ code: "custom", path: ["timeZone"], message });
      return;
    }
    if (durationSchema.safeParse(schedule).success) return;
    let problem = "";
    try {
      if (new Cron(schedule, { paused: true, timezone: timeZone }).nextRun() === null)
        problem = "it never fires";
    } catch (error) {
      problem = (error as Error).message;
    }
    if (problem === "") return;
    const message = `expected an interval such as 5s or a cron expression: ${problem}`;
    context.addIssue({ code: "custom", path: ["schedule"], message });
  });

const trigger = z.unknown().transform((value, context) => {
  const isObject = typeof value === "object" && value !== null;
  const schema =
    isObject && "redisKey" in value
      ? redisKeyTrigger
      : isObject && "schedule" in value
        ? scheduleTrigger
        : undefined;
  if (schema === undefined) {
    context.addIssue({ code: "custom", message: "expected an object with redisKey or schedule" });
    return z.NEVER;
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    context.addIssue({ code: "custom", path: issue.path, message: issue.message });
  }
  return z.NEVER;
});

/** Both travel in one frame. */
const isSendable = (bytes: number): boolean => bytes <= 64 * 1024 ** 2;

const limits = z.strictObject({
  /** Wall-clock seconds of one call. */
  timeout: durationSchema.default(30),
  /** Bytes of one output. */
  output: bytesSchema.refine(isSendable, "expected at most 64Mi").default(1024 ** 2),
  /** Bytes of a saved `env`. */
  env: bytesSchema.refine(isSendable, "expected at most 64Mi").default(16 * 1024 ** 2),
  logLinesPerSecond: z.number().int().positive().default(100),
});

const threshold = z
  .strictObject({
    field: z.string().min(1),
    above: z.number().optional(),
    below: z.number().optional(),
    for: durationSchema.default(60),
    severity: z.enum(["info", "warning", "critical"]).default("warning"),
  })
  .refine(({ above, below }) => (above === undefined) !== (below === undefined), {
    message: "expected either above or below",
  });

/** What a `function.yaml`, or an entry of `functions:` in `gaugelet.yaml`, may say. */
export const manifestSchema = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9-]{0,62}$/,
        "expected lower-case letters, digits and dashes, 63 at most, no dash first",
      ),
    description: z.string().default(""),
    language: z.literal("python", "expected python, the one language this version runs").default("python"),
    source: z.string().min(1).default("."),
    handler: z
      .string()
      .regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$/, "expected module.attribute, such as handler.handler"),
    state: z.enum(["none", "function", "partition"]).default("function"),
    triggers: z.array(trigger).min(1, "expected at least one trigger, or the function never runs"),
    output: z
      .strictObject({ key: z.string().min(1).optional(), staleAfter: durationSchema.optional() })
      .prefault({}),
    limits: limits.prefault({}),
    thresholds: z.array(threshold).default([]),
    environment: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String))
      .default({}),
  })
  .superRefine((manifest, context) => {
    const sharded = manifest.state === "partition";
    if (manifest.output.key !== undefined && isReservedKey(manifest.output.key)) {
      const message = "expected a key that does not begin with gaugelet:";
      context.addIssue({ code: "custom", path: ["output", "key"], message });
    }
    if (!sharded && manifest.output.key?.includes(SHARD_PLACEHOLDER)) {
      context.addIssue({
        code: "custom",
        path: ["output", "key"],
        message: "{shard} needs state: partition",
      });
    }
    if (!sharded) return;
    for (const [index, { redisKey }] of manifest.triggers
      .map((each) => ({ redisKey: "redisKey" in each ? each.redisKey : "" }))
      .entries()) {
      if (redisKey !== "" && !parseKeyPattern(redisKey).isLiteral) continue;
      const message = "state: partition needs a key pattern such as metrics:* in every trigger";
      context.addIssue({ code: "custom", path: ["triggers", index], message });
    }
  });

type Manifest = z.output<typeof manifestSchema>;

/** A Redis key, or a pattern over keys, whose value is the input. */
export type RedisKeyTriggerSpec = z.output<typeof redisKeyTrigger>;
/** An interval (`5s`) or a cron expression in a time zone. */
export type ScheduleTriggerSpec = z.output<typeof scheduleTrigger>;
export type Limits = z.output<typeof limits>;
export type Threshold = z.output<typeof threshold>;

/** Where a function's code is. */
export type CodeSource =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "base64"; readonly text: string };

/** A function as the runtime runs it: its manifest with every default filled in. */
export interface FunctionDefinition {
  readonly name: string;
  readonly description: string;
  readonly source: CodeSource;
  /** `module.attribute`. */
  readonly handler: string;
  readonly state: Manifest["state"];
  readonly triggers: readonly (RedisKeyTriggerSpec | ScheduleTriggerSpec)[];
  /** The output key; contains {@link SHARD_PLACEHOLDER} where `state` is `partition`. */
  readonly outputKey: string;
  /** The node name in the output key, which readers take for the output's shard. */
  readonly node: string | undefined;
  /** Age in seconds after which an output is stale; null: never. */
  readonly staleAfter: number | null;
  readonly limits: Limits;
  readonly thresholds: readonly Threshold[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Complete a manifest: the output key and the staleness that follow from the rest of it. */
export function defineFunction(
  manifest: Manifest,
  source: CodeSource,
  nodeName: string | undefined,
): FunctionDefinition {
  const key = manifest.output.key ?? defaultOutputKey(manifest.name);
  const sharded =
    manifest.state === "partition" && !key.includes(SHARD_PLACEHOLDER) ? `${key}:${SHARD_PLACEHOLDER}` : key;
  return {
    name: manifest.name,
    description: manifest.description,
    source,
    handler: manifest.handler,
    state: manifest.state,
    triggers: manifest.triggers,
    outputKey: sharded.replace(NODE_PLACEHOLDER, (text) =>
      nodeName === undefined ? "" : `${text.startsWith(":") ? ":" : ""}${nodeName}`,
    ),
    node: /\{node\}/.test(sharded) ? nodeName : undefined,
    staleAfter: manifest.output.staleAfter ?? defaultStaleAfter(manifest.triggers),
    limits: manifest.limits,
    thresholds: manifest.thresholds,
    environment: manifest.environment,
  };
}

/** The output key of a shard; where a function has none, a key may hold the placeholder as plain text. */
export function outputKeyOf({ outputKey, state }: FunctionDefinition, shard: string): string {
  return state === "partition" ? outputKey.replaceAll(SHARD_PLACEHOLDER, () => shard) : outputKey;
}

/** The greater of 60 s and three periods of the slowest trigger. */
function defaultStaleAfter(triggers: FunctionDefinition["triggers"]): number {
  return Math.max(
    60,
    ...triggers.map((each) => 3 * ("redisKey" in each ? each.pollInterval : schedulePeriod(each))),
  );
}

function schedulePeriod({ schedule, timeZone }: ScheduleTriggerSpec): number {
  const seconds = parseDuration(schedule);
  if (seconds !== undefined) return seconds;
  const [first, second] = new Cron(schedule, { paused: true, timezone: timeZone }).nextRuns(2);
  return first === undefined || second === undefined ? 0 : (second.getTime() - first.getTime()) / 1000;
}
