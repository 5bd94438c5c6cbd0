import type { DropReason } from "../drops.ts";
import type { FamilyType } from "../exposition/family.ts";
import type { RuleDefinition } from "./rule-schema.ts";

/** A leaf of a document. */
export type Leaf = string | number | boolean | null;

/** What a rule makes of a leaf: a number, a reason to drop it, or nothing. */
export type Converted = number | DropReason | "skip";

/** The number that a rule makes of a leaf, scaled. */
export function convert(leaf: Leaf, rule: RuleDefinition, type: FamilyType): Converted {
  const value = numberOf(leaf, rule, type);
  if (typeof value !== "number") return value;
  const scaled = scale(value, rule.scale);
  if (!Number.isFinite(scaled)) return "not_finite";
  return type === "counter" && scaled < 0 ? "negative_counter" : scaled;
}

function numberOf(leaf: Leaf, rule: RuleDefinition, type: FamilyType): Converted {
  if (leaf === null) return byPolicy(rule.null, "null_value");
  if (type === "info") return 1;
  if (rule.values !== undefined) {
    const mapped = Object.hasOwn(rule.values, String(leaf)) ? rule.values[String(leaf)] : undefined;
    if (mapped !== undefined) return mapped;
    if (typeof leaf === "string") {
      return rule.nonNumber === "parse" ? parse(leaf) : byPolicy(rule.nonNumber, "unmapped_value");
    }
  }
  if (typeof leaf === "boolean") return leaf ? 1 : 0;
  if (typeof leaf === "number") return leaf;
  return rule.nonNumber === "parse" ? parse(leaf) : byPolicy(rule.nonNumber, "not_a_number");
}

function byPolicy(policy: "skip" | "count" | "parse" | number, reason: DropReason): Converted {
  return policy === "count" ? reason : policy === "parse" ? "skip" : policy;
}

/** A number in a string; `true` and `false` are 1 and 0, as json_exporter has it. */
function parse(text: string): Converted {
  const trimmed = text.trim();
  if (trimmed === "true" || trimmed === "false") return trimmed === "true" ? 1 : 0;
  const value = trimmed === "" ? Number.NaN : Number(trimmed);
  return Number.isNaN(value) ? "not_a_number" : value;
}

/** Scaling leaves no binary dust: 57 % is 0.57 and not 0.5700000000000001. */
export function scale(value: number, factor: number): number {
  return factor === 1 ? value : Number((value * factor).toPrecision(15));
}
