import { defaultOutputKey, isReservedKey } from "@gaugelet/shared/keys";
import { parseKeyPattern } from "@gaugelet/shared/redis/glob";
import { durationSchema } from "@gaugelet/shared/units";
import { z } from "zod";
import { type Class, classSchema } from "./classes.ts";
import { type Isolation, isolationSchema } from "./isolation.ts";
import { type Limits, limitsSchema } from "./limits.ts";
import { periodOf, type TriggerSpec, topicNameSchema, triggerSchema } from "./triggers.ts";
import { completeWorkers, contradictionIn, type Workers, workersSchema } from "./workers.ts";

/** Placeholder in an output key for the shard: the part of a key that a pattern matched, or what a call says. */
const SHARD_PLACEHOLDER = "{shard}";
/** Placeholder in an output key for this machine's node name; with it goes a colon in front. */
const NODE_PLACEHOLDER = /:?\{node\}/g;

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

/** `module.attribute`. */
export const entryPointSchema = z
  .string()
  .regex(/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$/, "expected module.attribute, such as handler.handler");

const ENTRY_OF_SCRIPT = /^(?!.*(^|\/)\.{1,2}(\/|$))[^/\\\p{Cc}]+(\/[^/\\\p{Cc}]+)*\.(py|sh|[cm]?[jt]s)$/u;

/** A secret is an environment variable of the function's process. */
const secretName = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]{0,127}$/,
    "expected the name of a secret: letters, digits, underscores, no digit first",
  );

/** Which runs are recorded: every failure, and of the others all or one in so many. */
const recordSchema = z.union(
  [z.literal("all"), z.strictObject({ oneIn: z.int().min(1).max(1_000_000) })],
  "expected all, or { oneIn: 100 } for every failure and one in 100 of the rest",
);

const fieldPath = z
  .string()
  .regex(
    /^[^.]+(\.[^.]+)*$/,
    "expected the name of a field, with dots before nested ones, such as user.email",
  );

/** No user's name is longer. */
const MOST_OWNER_CHARACTERS = 190;

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
    owner: z.string().max(MOST_OWNER_CHARACTERS).default(""),
    language: z
      .enum(
        ["python", "javascript", "typescript", "script"],
        "expected python, javascript, typescript or script",
      )
      .default("python"),
    source: z.string().min(1).default("."),
    handler: z.string("expected module.attribute, such as handler.handler, or the file of a script"),
    class: classSchema.default("standard"),
    isolation: isolationSchema.optional(),
    network: z.boolean().default(false),
    state: z.enum(["none", "function", "partition"]).default("function"),
    triggers: z.array(triggerSchema).min(1, "expected at least one trigger, or the function never runs"),
    input: z
      .union(
        [z.boolean(), z.record(z.string(), z.unknown())],
        "expected a JSON Schema: an object or a boolean",
      )
      .optional(),
    output: z
      .strictObject({
        key: z.string().min(1).optional(),
        topics: z.array(topicNameSchema).default([]),
        staleAfter: durationSchema.optional(),
      })
      .prefault({}),
    limits: limitsSchema.prefault({}),
    workers: workersSchema.prefault({}),
    objective: z
      .number("expected a share of the calls, such as 0.99")
      .gt(0, "expected a share above 0 and below 1, such as 0.99")
      .lt(1, "expected a share above 0 and below 1, such as 0.99")
      .default(0.99),
    thresholds: z.array(threshold).default([]),
    environment: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String))
      .default({}),
    secrets: z.array(secretName).default([]),
    record: recordSchema.default("all"),
    redact: z.array(fieldPath).default([]),
  })
  .superRefine((manifest, context) => {
    const refuse = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: "custom", path, message });
    const faultOfHandler = faultOfEntryPoint(manifest.handler, manifest.language);
    if (faultOfHandler !== undefined) refuse(["handler"], faultOfHandler);
    const { key } = manifest.output;
    if (key !== undefined && isReservedKey(key)) {
      refuse(["output", "key"], "expected a key that does not begin with gaugelet:");
    }
    for (const [index, name] of manifest.secrets.entries()) {
      if (name in manifest.environment) refuse(["secrets", index], "expected no variable of environment");
    }
    for (const [index, trigger] of manifest.triggers.entries()) {
      if (!("redisKey" in trigger) || !isReplacedByOutput(trigger.redisKey, manifest)) continue;
      refuse(
        ["triggers", index, "redisKey"],
        "expected another key than that of the output, which would replace the input and call the function again",
      );
    }
    const topics = manifest.triggers.map((trigger) => ("topic" in trigger ? trigger.topic : undefined));
    for (const [index, topic] of topics.entries()) {
      if (topic !== undefined && topics.indexOf(topic) !== index) {
        refuse(["triggers", index, "topic"], "expected each topic in one trigger");
      }
    }
    const thresholds = manifest.thresholds.map(
      ({ field, severity, above }) => `${severity} ${above === undefined ? "below" : "above"} ${field}`,
    );
    for (const [index, threshold] of thresholds.entries()) {
      if (thresholds.indexOf(threshold) === index) continue;
      refuse(["thresholds", index], "expected one threshold for each field, severity and direction");
    }
    const contradiction = contradictionIn(manifest.workers, manifest.state);
    if (contradiction !== undefined) refuse(["workers", contradiction.field], contradiction.message);
    if (manifest.state !== "partition") {
      if (key?.includes(SHARD_PLACEHOLDER)) refuse(["output", "key"], "{shard} needs state: partition");
      return;
    }
    for (const [index, trigger] of manifest.triggers.entries()) {
      if (givesShards(trigger)) continue;
      refuse(
        ["triggers", index],
        "state: partition needs http, a topic or a key pattern such as metrics:* in every trigger",
      );
    }
  });

export type Manifest = z.output<typeof manifestSchema>;

/** What is wrong with the entry point of a function in this language; undefined: nothing. */
export function faultOfEntryPoint(handler: string, language: Language): string | undefined {
  if (language !== "script") return entryPointSchema.safeParse(handler).error?.issues[0]?.message;
  return ENTRY_OF_SCRIPT.test(handler)
    ? undefined
    : "expected the path of the script's file, such as run.sh, which ends in .py, .sh, .js or .ts";
}

/** Whether an output is stored at the very key that its input was read from. */
function isReplacedByOutput(
  redisKey: string,
  manifest: Pick<Manifest, "name" | "state" | "output">,
): boolean {
  const pattern = parseKeyPattern(redisKey);
  const { state } = manifest;
  const outputKey = outputKeyOn(outputKeyIn(manifest), undefined);
  const example = outputKeyOf({ outputKey, state }, "1");
  const shard = pattern.match(example);
  if (shard === undefined) return false;
  return pattern.isLiteral || (state === "partition" && outputKeyOf({ outputKey, state }, shard) === example);
}

/** The shard is the matched part of a pattern's key, or the topic with its partition; a call says it itself. */
function givesShards(trigger: TriggerSpec): boolean {
  if ("http" in trigger || "topic" in trigger) return true;
  return "redisKey" in trigger && !parseKeyPattern(trigger.redisKey).isLiteral;
}

export type Threshold = z.output<typeof threshold>;
/** What a function is written in. JavaScript and TypeScript run on the same engine. */
export type Language = Manifest["language"];
/** A JSON Schema, of draft 7 or 2020-12. */
export type JsonSchema = NonNullable<Manifest["input"]>;

/** Where a function's code is. */
export type CodeSource =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "base64"; readonly text: string }
  /** In the catalog: the digest of a package, and the number of the version that it is the code of. */
  | { readonly kind: "stored"; readonly digest: string; readonly version: number };

/** A function as the runtime runs it: its manifest with every default filled in. */
export interface FunctionDefinition {
  readonly name: string;
  readonly description: string;
  /** Who hears of its alerts; "" where nobody is named. */
  readonly owner: string;
  readonly language: Language;
  readonly source: CodeSource;
  /** `module.attribute`; of a script the path of its file. */
  readonly handler: string;
  /** What it is worth where several functions want the same. */
  readonly class: Class;
  /** Never weaker than the operator's minimum. A runtime that cannot give the level refuses the function. */
  readonly isolation: Isolation;
  /** Whether a sandbox has the network. The level `process` always has it. */
  readonly network: boolean;
  readonly state: Manifest["state"];
  readonly triggers: readonly TriggerSpec[];
  /** Schema that an event must satisfy; it can be compiled. */
  readonly input: JsonSchema | undefined;
  /** The output key; contains {@link SHARD_PLACEHOLDER} where `state` is `partition`. */
  readonly outputKey: string;
  /** Topics that every output is published to. */
  readonly outputTopics: readonly string[];
  /** The node name in the output key, which readers take for the output's shard. */
  readonly node: string | undefined;
  /** Age in seconds after which an output is stale; null: never. */
  readonly staleAfter: number | null;
  readonly limits: Limits;
  readonly workers: Workers;
  /** Share of its calls that are to succeed. */
  readonly objective: number;
  readonly thresholds: readonly Threshold[];
  readonly environment: Readonly<Record<string, string>>;
  /** Names of secrets of its owner's, which its process is given as environment variables. */
  readonly secrets: readonly string[];
  /** Which runs are recorded, where there is a catalog. */
  readonly record: Manifest["record"];
  /** Fields of inputs and outputs whose values are not recorded. */
  readonly redact: readonly string[];
}

/** What the operator of a runtime says, and no manifest can. */
export interface OperatorSettings {
  /** Replaces `{node}` in output keys. */
  readonly nodeName: string | undefined;
  readonly minimumIsolation: Isolation;
}

/** Complete a manifest: what follows from the rest of it, and from the operator's settings. */
export function defineFunction(
  manifest: Manifest,
  source: CodeSource,
  { nodeName, minimumIsolation }: OperatorSettings,
): FunctionDefinition {
  const sharded = outputKeyIn(manifest);
  return {
    name: manifest.name,
    description: manifest.description,
    owner: manifest.owner,
    language: manifest.language,
    source,
    handler: manifest.handler,
    class: manifest.class,
    isolation: manifest.isolation ?? minimumIsolation,
    network: manifest.network,
    state: manifest.state,
    triggers: manifest.triggers,
    input: manifest.input,
    outputKey: outputKeyOn(sharded, nodeName),
    outputTopics: manifest.output.topics,
    node: /\{node\}/.test(sharded) ? nodeName : undefined,
    staleAfter: manifest.output.staleAfter ?? defaultStaleAfter(manifest.triggers),
    limits: manifest.limits,
    workers: completeWorkers(manifest.workers, manifest.state),
    objective: manifest.objective,
    thresholds: manifest.thresholds,
    environment: manifest.environment,
    secrets: manifest.secrets,
    record: manifest.record,
    redact: manifest.redact,
  };
}

/** The output key that a manifest says, with its placeholders. */
export function outputKeyIn({
  name,
  output,
  state,
}: Pick<Manifest, "name" | "state"> & { readonly output: { readonly key?: string | undefined } }): string {
  const key = output.key ?? defaultOutputKey(name);
  return state === "partition" && !key.includes(SHARD_PLACEHOLDER) ? `${key}:${SHARD_PLACEHOLDER}` : key;
}

/** An output key on a node; undefined: on one that has no name. */
export function outputKeyOn(key: string, nodeName: string | undefined): string {
  return key.replace(NODE_PLACEHOLDER, (text) =>
    nodeName === undefined ? "" : `${text.startsWith(":") ? ":" : ""}${nodeName}`,
  );
}

/** The output key of a shard; where a function has none, a key may hold the placeholder as plain text. */
export function outputKeyOf(
  { outputKey, state }: Pick<FunctionDefinition, "outputKey" | "state">,
  shard: string,
): string {
  return state === "partition" ? outputKey.replaceAll(SHARD_PLACEHOLDER, () => shard) : outputKey;
}

/** Whether this looks like an output key of the function, of whichever shard; where the shard is all of it none does. */
export function isOutputKeyOf(
  { outputKey, state }: Pick<FunctionDefinition, "outputKey" | "state">,
  key: string,
): boolean {
  if (state !== "partition") return key === outputKey;
  const parts = outputKey.split(SHARD_PLACEHOLDER);
  const [before = "", after = ""] = [parts[0], parts.at(-1)];
  const around = before.length + after.length;
  return around > 0 && key.length > around && key.startsWith(before) && key.endsWith(after);
}

/** The greater of 60 s and three periods of the slowest trigger; never, where only calls come. */
function defaultStaleAfter(triggers: readonly TriggerSpec[]): number | null {
  const periods = triggers.map(periodOf).filter((period) => period !== undefined);
  return periods.length === 0 ? null : Math.max(60, ...periods.map((period) => 3 * period));
}
