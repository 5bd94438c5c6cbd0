import type { OnDrop } from "../drops.ts";
import { numbersIn } from "../outputs/numbers.ts";
import { functionLabels, type Output } from "../outputs/output.ts";
import type { Rule } from "./rules.ts";
import { makeSeries, type Series } from "./series.ts";

const MAX_SERIES = 10_000;

interface Match {
  readonly rule: Rule;
  /** Which of the rule's spellings it was. */
  readonly spelling: number;
  readonly groups: Readonly<Record<string, string | undefined>>;
}

/** Turn what an output holds into series: for each number the first rule that matches its path decides. */
export function mapOutput(output: Output, value: object, rules: readonly Rule[], drop: OnDrop): Series[] {
  const applicable = rules.filter((rule) => rule.per === "function" || output.host !== undefined);
  const found = new Map<string, Match & { readonly series: Series }>();
  for (const [path, number] of numbersIn(value, drop)) {
    const match = firstMatch(applicable, path);
    if (match?.rule.family === undefined) continue;
    const { rule, spelling, groups } = match;
    const scaled = scale(number, rule.scale);
    if (!Number.isFinite(scaled)) {
      drop("not_finite");
      continue;
    }
    if (rule.family?.type === "counter" && scaled < 0) {
      drop("negative_counter");
      continue;
    }
    const series = makeSeries(
      match.rule.family,
      rule.per === "host" ? { host: output.host as string } : functionLabels(output),
      { ...rule.labels, ...matchedOnly(groups) },
      scaled,
    );
    const other = found.get(series.id);
    if (other !== undefined && (other.rule !== rule || other.spelling === spelling)) drop("duplicate");
    else if (other !== undefined && other.spelling < spelling) continue;
    else if (other === undefined && found.size === MAX_SERIES) {
      drop("too_many_series");
      break;
    } else found.set(series.id, { ...match, series });
  }
  return [...found.values()].map(({ series }) => series);
}

function firstMatch(rules: readonly Rule[], path: string): Match | undefined {
  for (const rule of rules) {
    for (const [spelling, pattern] of rule.spellings.entries()) {
      const match = pattern.exec(path);
      if (match !== null) return { rule, spelling, groups: match.groups ?? {} };
    }
  }
  return undefined;
}

/** Groups that took part in the match: constants of the rule stand in for the others. */
function matchedOnly(groups: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(groups).filter((group): group is [string, string] => group[1] !== undefined),
  );
}

/** Scaling leaves no binary dust: 57 % is 0.57 and not 0.5700000000000001. */
function scale(value: number, factor: number): number {
  return factor === 1 ? value : Number((value * factor).toPrecision(15));
}
