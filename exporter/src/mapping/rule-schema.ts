import { z } from "zod";
import { IDENTITY_LABELS } from "../outputs/output.ts";

/** Metrics that the exporter itself makes. */
const RESERVED_METRICS = /^(?:gaugelet_exporter_|process_|nodejs_)|^gaugelet_output_timestamp_seconds$/;

const FIELD_EXPECTED = "expected a regular expression, or a list of them";
const fieldSchema = z
  .union([z.string(), z.array(z.string()).nonempty(FIELD_EXPECTED)], FIELD_EXPECTED)
  .transform((field, context) =>
    Array.isArray(field)
      ? field.map((source, index) => toFieldPattern(source, context, [index]))
      : [toFieldPattern(field, context, [])],
  );

const metricSchema = z
  .string()
  .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, "expected a metric name: letters, digits, _ and :")
  .refine((name) => !RESERVED_METRICS.test(name), "this name belongs to the exporter's own metrics");

const labelsSchema = z.record(z.string(), z.string()).superRefine((labels, context) => {
  for (const name of Object.keys(labels)) {
    const problem = labelNameProblem(name);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  }
});

/** One rule of a rule file. docs/reference/exporter.md describes each field. */
export const ruleSchema = z
  .strictObject({
    field: fieldSchema,
    per: z.enum(["function", "host"]).default("function"),
    action: z.literal("drop").optional(),
    metric: metricSchema.optional(),
    type: z.enum(["gauge", "counter"]).optional(),
    help: z.string().min(1).optional(),
    scale: z.number().positive().default(1),
    labels: labelsSchema.default({}),
  })
  .superRefine((rule, context) => {
    if ((rule.metric === undefined) === (rule.action === undefined)) {
      context.addIssue({ code: "custom", message: "expected either metric, or action: drop" });
    }
    if (rule.type === "counter" && rule.metric?.endsWith("_total") === false) {
      context.addIssue({
        code: "custom",
        path: ["metric"],
        message: "the name of a counter ends in _total",
      });
    }
  });

/** A rule as a rule file has it, its fields' patterns compiled. */
export type RuleDefinition = z.output<typeof ruleSchema>;

/** The anchored regular expression of a source; what is wrong with it goes to the context, under the path. */
function toFieldPattern(source: string, context: z.RefinementCtx, path: number[]): RegExp {
  const complain = (message: string): void => context.addIssue({ code: "custom", message, path });
  try {
    // Compiled alone first: "a)|(b" is only valid with something around it.
    new RegExp(source, "us");
    const pattern = new RegExp(`^(?:${source})$`, "us");
    for (const name of groupNames(pattern)) {
      const problem = labelNameProblem(name);
      if (problem !== undefined) complain(problem);
    }
    return pattern;
  } catch (error) {
    complain((error as Error).message);
    return z.NEVER;
  }
}

/** The names of the groups of a regular expression. */
function groupNames(pattern: RegExp): string[] {
  return Object.keys(new RegExp(`${pattern.source}|`, pattern.flags).exec("")?.groups ?? {});
}

function labelNameProblem(name: string): string | undefined {
  if (!/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) {
    return `${name} is no label name: letters, digits and _, and not __ at the start`;
  }
  return (IDENTITY_LABELS as readonly string[]).includes(name)
    ? `the label ${name} says where a series is from; a rule cannot set it`
    : undefined;
}
