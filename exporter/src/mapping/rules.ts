import { fileURLToPath } from "node:url";
import { ConfigurationError, readYaml, validate } from "@gaugelet/shared/configuration";
import { z } from "zod";
import type { Family } from "../exposition/family.ts";
import { ESCAPING_SCHEMES, escapeName } from "../exposition/names.ts";
import { writtenNames } from "./family-table.ts";
import { isLabel, type Pattern, placeholders } from "./patterns.ts";
import { defaultRuleSchema, type RuleDefinition } from "./rule-schema.ts";

/** How fields of outputs become series of a metric. */
export interface Rule {
  /** Where it is written, for people: `rules[3]`, or `default-rules.yaml: rules[3]`. */
  readonly at: string;
  readonly definition: RuleDefinition;
  /** Spellings of the field; where an output has several for one series, the earliest is taken. */
  readonly spellings: readonly Pattern[];
  /** undefined: the field is not exported. */
  readonly metric: RuleMetric | undefined;
}

/** The metric of a rule; for a name with groups in it the family is known only once there is a match. */
export type RuleMetric =
  | { readonly family: Family }
  | { readonly template: string; readonly description: Omit<Family, "name"> };

interface RuleFile {
  readonly file: string;
  /** Where in the file the rules are, `rules` where not said. */
  readonly path?: string;
  readonly rules: readonly RuleDefinition[];
  /** Whether the default rules come after them; yes where not said. */
  readonly defaultRules?: boolean;
}

const DEFAULT_RULES = fileURLToPath(new URL("./default-rules.yaml", import.meta.url));

/**
 * The rules in the order in which they are tried: the configured ones, then the default ones.
 *
 * @throws ConfigurationError where rules for one metric contradict each other.
 */
export async function loadRules(configured?: RuleFile): Promise<Rule[]> {
  const defaults: RuleFile[] = [];
  if (configured?.defaultRules !== false) {
    const schema = z.strictObject({ rules: z.array(defaultRuleSchema) });
    const { rules } = validate(schema, await readYaml(DEFAULT_RULES), DEFAULT_RULES);
    defaults.push({ file: DEFAULT_RULES, rules });
  }
  const own = configured === undefined ? [] : [configured];
  const families = joinFamilies([...defaults, ...own]);
  checkCollisions([...defaults, ...own], families);
  const compile = ({ rules, path = "rules" }: RuleFile, prefix: string): Rule[] =>
    rules.map((definition, index) => ({
      at: `${prefix}${path}[${index}]`,
      definition,
      spellings: definition.field ?? definition.path ?? [],
      metric: metricOf(definition, families),
    }));
  return [
    ...own.flatMap((file) => compile(file, "")),
    ...defaults.flatMap((file) => compile(file, "default-rules.yaml: ")),
  ];
}

function metricOf(
  { metric, type = "gauge", help, unit }: RuleDefinition,
  families: ReadonlyMap<string, Family>,
): RuleMetric | undefined {
  if (metric === undefined) return undefined;
  const family = families.get(metric);
  if (family !== undefined) return { family };
  return { template: metric, description: { type, help: help ?? "A value in a document.", unit } };
}

interface Description {
  readonly type: Family["type"] | undefined;
  readonly help: string | undefined;
  readonly unit: string | undefined;
  /** The rule that first names the metric. */
  readonly at: string;
}

/** Put together what the rules say about each metric: one of them is enough, and none may disagree. */
function joinFamilies(files: readonly RuleFile[]): Map<string, Family> {
  const descriptions = new Map<string, Description>();
  for (const { at, rule } of rulesOf(files)) {
    const { metric, type, help, unit } = rule;
    if (metric === undefined || placeholders(metric).length > 0) continue;
    const known = descriptions.get(metric) ?? { type, help, unit, at };
    if (disagree(type, known.type)) {
      throw new ConfigurationError(
        `${at}.type: ${metric} is a ${known.type} in another rule (found ${type})`,
      );
    }
    if (disagree(help, known.help)) {
      throw new ConfigurationError(
        `${at}.help: another rule describes ${metric} as ${JSON.stringify(known.help)}; leave help out here`,
      );
    }
    if (disagree(unit, known.unit)) {
      throw new ConfigurationError(
        `${at}.unit: ${metric} is in ${known.unit} in another rule (found ${unit})`,
      );
    }
    descriptions.set(metric, {
      type: known.type ?? type,
      help: known.help ?? help,
      unit: known.unit ?? unit,
      at: known.at,
    });
  }
  return new Map(
    [...descriptions].map(([name, { type = "gauge", help, unit, at }]) => {
      if (help === undefined) {
        throw new ConfigurationError(
          `${at}.help: expected a description of ${name}, as no other rule has one`,
        );
      }
      return [name, { name, type, help, unit }];
    }),
  );
}

function disagree(mine: string | undefined, theirs: string | undefined): boolean {
  return mine !== undefined && theirs !== undefined && mine !== theirs;
}

/**
 * Names that are one once escaped, or once OpenMetrics takes their suffix away, would make a scrape fail: two
 * families of one name, or a label twice in a series.
 */
function checkCollisions(files: readonly RuleFile[], families: ReadonlyMap<string, Family>): void {
  /** By what some format makes of them. */
  const metrics = new Map<string, Family>();
  const labels = new Map<string, string>();
  const seen = new Set<Family>();
  for (const { at, rule } of rulesOf(files)) {
    for (const label of labelNamesOf(rule)) {
      const written = writtenLabels(label);
      const other = written.map((name) => labels.get(name)).find((known) => known !== undefined);
      if (other !== undefined && other !== label) {
        throw new ConfigurationError(`${at}: the labels ${other} and ${label} are the same once escaped`);
      }
      for (const name of written) labels.set(name, label);
    }
    const metric = families.get(rule.metric ?? "");
    if (metric === undefined || seen.has(metric)) continue;
    seen.add(metric);
    const written = writtenNames(metric);
    const other = written.map((name) => metrics.get(name)).find((known) => known !== undefined);
    if (other !== undefined) {
      throw new ConfigurationError(
        `${at}.metric: ${other.name} and ${metric.name} have the same name in some format; rename one`,
      );
    }
    for (const name of written) metrics.set(name, metric);
  }
}

/** A label's name in all formats. */
function writtenLabels(name: string): string[] {
  return ESCAPING_SCHEMES.map((scheme) => `${scheme} ${escapeName(name, scheme, "label")}`);
}

function labelNamesOf({ labels, key = [], field = [], path = [], metric }: RuleDefinition): string[] {
  const groups = [...key, ...field, ...path].flatMap((pattern) => pattern.groups);
  return [
    ...Object.keys(labels),
    ...groups.filter((name) => isLabel(name, metric)),
    "function",
    "host",
    "shard",
  ];
}

function* rulesOf(files: readonly RuleFile[]): Generator<{ at: string; rule: RuleDefinition }> {
  for (const { file, path = "rules", rules } of files) {
    for (const [index, rule] of rules.entries()) yield { at: `${file}: ${path}[${index}]`, rule };
  }
}
