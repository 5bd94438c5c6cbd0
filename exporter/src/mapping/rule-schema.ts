import { z } from "zod";
import { FAMILY_TYPES, SUFFIXES } from "../exposition/family.ts";
import { isUtf8Name } from "../exposition/names.ts";
import { IDENTITY_LABELS } from "../outputs/output.ts";
import { isReservedMetric } from "./family-table.ts";
import {
  isLabel,
  linearPattern,
  type Pattern,
  pathPattern,
  placeholders,
  trustedPattern,
  withoutRoot,
} from "./patterns.ts";
import { linearSearch } from "./searches.ts";
import { TIMESTAMP_FORMATS } from "./timestamps.ts";

/** What becomes of a field that has no number, or of a rule that no field matches. */
const policySchema = z.union([z.enum(["skip", "count"]), z.number()], "expected skip, count or a number");

const metricSchema = z
  .string()
  .refine(isUtf8Name, "expected a metric name")
  .refine((name) => !isReservedMetric(name), "this name belongs to the exporter's own metrics");

/** Where something is in the document. */
const documentPathSchema = z
  .string()
  .min(1)
  .superRefine((source, context) => {
    const plain = withoutRoot(source);
    if (plain !== undefined) {
      context.addIssue({ code: "custom", message: `paths have no $: write ${plain}` });
    }
  });

/** What to say where a whole is no object at all; of its fields the schema speaks itself. */
export function onWrongType(expected: string) {
  return {
    error: ({ code }: { readonly code?: string | undefined }): string | undefined =>
      code === "invalid_type" ? expected : undefined,
  };
}

const timestampSchema = z.strictObject(
  {
    document: documentPathSchema,
    format: z.enum(TIMESTAMP_FORMATS, `expected one of ${TIMESTAMP_FORMATS.join(", ")}`),
    /** What becomes of a sample where there is no time: it is dropped, or it carries none. */
    missing: z.enum(["drop", "omit"]).default("drop"),
  },
  onWrongType(
    `expected { document: path of the time, format: one of ${TIMESTAMP_FORMATS.join(", ")} }, such as { document: time, format: seconds }`,
  ),
);

/** An expression, or several of which the first that matches counts; as written, since a union would hide what is wrong with one. */
const expressionsSchema = z.union([z.string(), z.array(z.string()).nonempty()]);
const searchSchema = toPatterns(linearSearch, "expected a regular expression, or a list of them");

/** Where a label's text comes from. */
const labelSchema = z
  .union(
    [
      z.string(),
      z.strictObject({ document: documentPathSchema }),
      z.strictObject({ key: expressionsSchema }),
      z.strictObject({ from: z.literal("value") }),
    ],
    "expected a text, { document: path }, { key: regular expression } or { from: value }",
  )
  .transform((source, context) => {
    if (typeof source === "string" || !("key" in source)) return source;
    const { success, data, error } = searchSchema.safeParse(source.key);
    if (success) return { key: data };
    for (const { message, path } of error.issues) {
      context.addIssue({ code: "custom", message, path: ["key", ...path] });
    }
    return z.NEVER;
  });

function fieldsOf(compile: (source: string) => Pattern) {
  const regexSchema = toPatterns(compile, "expected a regular expression, or a list of them");
  return z.strictObject({
    key: regexSchema.optional(),
    field: regexSchema.optional(),
    path: toPatterns(pathPattern, "expected a path, or a list of them").optional(),
    where: z
      .record(
        z.string().min(1),
        z.union([z.string(), z.number(), z.boolean()], "expected a text, number or truth"),
      )
      .optional(),
    per: z.enum(["function", "host", "document"]).default("function"),
    action: z.literal("drop").optional(),
    metric: metricSchema.optional(),
    type: z.enum(FAMILY_TYPES).optional(),
    help: z.string().min(1).optional(),
    unit: z.string().min(1).optional(),
    scale: z.number().positive().default(1),
    values: z
      .record(
        z.string(),
        z.number("expected the number that stands for it, as in { up: 1, down: 0 }"),
        onWrongType("expected numbers by texts, as in { up: 1, down: 0 }"),
      )
      .optional(),
    labels: z.record(z.string(), labelSchema).default({}),
    timestamp: timestampSchema.optional(),
    missing: policySchema.default("skip"),
    null: policySchema.default("skip"),
    nonNumber: z
      .union([policySchema, z.literal("parse")], "expected skip, count, parse or a number")
      .default("skip"),
    duplicate: z.enum(["first", "last", "sum", "min", "max"]).default("first"),
  });
}

/** The schema of rules that users write. docs/reference/exporter.md describes each field. */
export const ruleSchema = fieldsOf(linearPattern).superRefine(checkRule);

/** The schema of the rules that come with the exporter. */
export const defaultRuleSchema = fieldsOf(trustedPattern).superRefine(checkRule);

/** A rule as a rule file has it, its patterns compiled. */
export type RuleDefinition = z.output<ReturnType<typeof fieldsOf>>;

type Complain = (message: string, ...path: string[]) => void;

function checkRule(rule: RuleDefinition, context: z.RefinementCtx): void {
  const complain: Complain = (message, ...path) => context.addIssue({ code: "custom", message, path });
  if ((rule.field === undefined) === (rule.path === undefined)) {
    complain("expected either field, a regular expression, or path");
  }
  if ((rule.metric === undefined) === (rule.action === undefined)) {
    complain("expected either metric, or action: drop");
  }
  for (const path of Object.keys(rule.where ?? {})) {
    const plain = withoutRoot(path);
    if (plain !== undefined) complain(`paths have no $: write ${plain}`, "where", path);
  }
  const groups = groupsOf(rule);
  checkName(rule, complain);
  checkLabels(rule, complain, groups);
  for (const [path, template] of templatesOf(rule)) {
    for (const name of placeholders(template)) {
      if (!groups.has(name)) complain(`no pattern of this rule has a group ${name}`, ...path);
    }
  }
  if (
    typeof rule.missing === "number" &&
    !(rule.field ?? rule.path ?? []).some(({ literal }) => literal !== undefined)
  ) {
    complain("a number needs a field or path without wildcards", "missing");
  }
}

function checkName({ metric, type, unit }: RuleDefinition, complain: Complain): void {
  if (metric === undefined) return;
  const suffix = type === undefined ? undefined : SUFFIXES[type];
  if (suffix !== undefined && !metric.endsWith(suffix)) {
    complain(`the name of ${type === "info" ? "an info metric" : `a ${type}`} ends in ${suffix}`, "metric");
  }
  const base = suffix === undefined ? metric : metric.slice(0, -suffix.length);
  if (unit !== undefined && !base.endsWith(`_${unit}`)) {
    complain(`the name of a metric in ${unit} ends in _${unit}${suffix ?? ""}`, "metric");
  }
  if (unit !== undefined && type === "info") complain("an info metric has no unit", "unit");
}

function checkLabels(rule: RuleDefinition, complain: Complain, groups: ReadonlySet<string>): void {
  for (const name of Object.keys(rule.labels)) {
    const problem = labelNameProblem(name, rule);
    if (problem !== undefined) complain(problem, "labels");
  }
  for (const name of groups) {
    const problem = isLabel(name, rule.metric) ? labelNameProblem(name, rule) : undefined;
    if (problem !== undefined) complain(problem, rule.field === undefined ? "path" : "field");
  }
  if (
    rule.type !== "info" &&
    Object.values(rule.labels).some((source) => typeof source === "object" && "from" in source)
  ) {
    complain("the value can only be a label of an info metric (type: info)", "labels");
  }
}

function labelNameProblem(name: string, { per }: RuleDefinition): string | undefined {
  if (!isUtf8Name(name) || name.startsWith("__")) {
    return `${name} is no label name: it may neither be empty nor start with __`;
  }
  // Series of a document carry no such labels of their own.
  return per !== "document" && (IDENTITY_LABELS as readonly string[]).includes(name)
    ? `the label ${name} says where a series is from; a rule cannot set it`
    : undefined;
}

/** All groups of a rule's patterns: they become labels unless the metric's name takes them. */
function groupsOf({ key = [], field = [], path = [] }: RuleDefinition): Set<string> {
  return new Set([...key, ...field, ...path].flatMap((pattern) => pattern.groups));
}

/** Where a rule may name a group in braces. */
function* templatesOf(rule: RuleDefinition): Generator<readonly [path: string[], template: string]> {
  if (rule.metric !== undefined) yield [["metric"], rule.metric];
  for (const path of Object.keys(rule.where ?? {})) yield [["where", path], path];
  if (rule.timestamp !== undefined) yield [["timestamp", "document"], rule.timestamp.document];
  for (const [name, source] of Object.entries(rule.labels)) {
    if (typeof source === "object" && "document" in source) yield [["labels", name], source.document];
  }
}

/** One pattern or several; what is wrong with one goes to its own path. */
function toPatterns<Compiled>(compile: (source: string) => Compiled, expected: string) {
  return z
    .union([z.string(), z.array(z.string()).nonempty(expected)], expected)
    .transform((source, context): Compiled[] => {
      const sources = Array.isArray(source) ? source : [source];
      return sources.map((text, index) => {
        try {
          return compile(text);
        } catch (error) {
          const path = Array.isArray(source) ? [index] : [];
          context.addIssue({ code: "custom", message: (error as Error).message, path });
          return z.NEVER;
        }
      });
    });
}
