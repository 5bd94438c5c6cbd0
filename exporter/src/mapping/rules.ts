import { fileURLToPath } from "node:url";
import { ConfigurationError, readYaml, validate } from "@gaugelet/shared/configuration";
import { z } from "zod";
import { type RuleDefinition, ruleSchema } from "./rule-schema.ts";

/** What all series of one metric share. */
export interface Family {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
}

/** How fields of outputs become series of a metric. */
export interface Rule {
  /** Spellings of the field; where an output has several for one series, the earliest is taken. */
  readonly spellings: readonly RegExp[];
  /** `host`: for outputs about a host only, and labelled with the host alone. */
  readonly per: "function" | "host";
  /** undefined: the field is not exported. */
  readonly family: Family | undefined;
  readonly scale: number;
  readonly labels: Readonly<Record<string, string>>;
}

interface RuleFile {
  readonly file: string;
  readonly rules: readonly RuleDefinition[];
}

const DEFAULT_RULES = fileURLToPath(new URL("./default-rules.yaml", import.meta.url));

/**
 * The rules in the order in which they are tried: the configured ones, then the default ones.
 *
 * @throws ConfigurationError where rules for one metric contradict each other.
 */
export async function loadRules(configured?: RuleFile): Promise<Rule[]> {
  const schema = z.strictObject({ rules: z.array(ruleSchema) });
  const { rules } = validate(schema, await readYaml(DEFAULT_RULES), DEFAULT_RULES);
  const families = joinFamilies([{ file: DEFAULT_RULES, rules }, ...(configured ? [configured] : [])]);
  return [...(configured?.rules ?? []), ...rules].map((rule) => ({
    spellings: rule.field,
    per: rule.per,
    family: rule.metric === undefined ? undefined : families.get(rule.metric),
    scale: rule.scale,
    labels: rule.labels,
  }));
}

interface Description {
  readonly type: Family["type"] | undefined;
  readonly help: string | undefined;
  /** The rule that first names the metric. */
  readonly at: string;
}

/** Put together what the rules say about each metric: one of them is enough, and none may disagree. */
function joinFamilies(files: readonly RuleFile[]): Map<string, Family> {
  const descriptions = new Map<string, Description>();
  for (const { file, rules } of files) {
    for (const [index, { metric, type, help }] of rules.entries()) {
      if (metric === undefined) continue;
      const at = `${file}: rules[${index}]`;
      const known = descriptions.get(metric) ?? { type, help, at };
      if (type !== undefined && known.type !== undefined && type !== known.type) {
        throw new ConfigurationError(
          `${at}.type: ${metric} is a ${known.type} in another rule (found ${type})`,
        );
      }
      if (help !== undefined && known.help !== undefined && help !== known.help) {
        throw new ConfigurationError(
          `${at}.help: another rule describes ${metric} as ${JSON.stringify(known.help)}; leave help out here`,
        );
      }
      descriptions.set(metric, { type: known.type ?? type, help: known.help ?? help, at: known.at });
    }
  }
  return new Map(
    [...descriptions].map(([name, { type = "gauge", help, at }]) => {
      if (help === undefined) {
        throw new ConfigurationError(
          `${at}.help: expected a description of ${name}, as no other rule has one`,
        );
      }
      return [name, { name, type, help }];
    }),
  );
}
