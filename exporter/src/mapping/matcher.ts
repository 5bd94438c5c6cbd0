import type { Output } from "../outputs/output.ts";
import type { Groups } from "./patterns.ts";
import type { Rule } from "./rules.ts";

/** Which rule decides on a path. */
export interface Match {
  readonly rule: Rule;
  /** Which of the rule's spellings it was. */
  readonly spelling: number;
  /** What the groups of the spelling matched. */
  readonly groups: Groups;
}

/** Paths whose match is remembered. Outputs of one kind have the same paths, so that few are looked up twice. */
const MAX_REMEMBERED = 20_000;

/** Finds the rules that match a path, among those that apply to an output. */
export class Matcher {
  readonly rules: readonly Rule[];
  readonly #remembered = new Map<string, readonly Match[]>();

  constructor(rules: readonly Rule[]) {
    this.rules = rules;
  }

  /** In their order, up to the first that sets no condition: it decides where the others do not. */
  matches(path: string): readonly Match[] {
    const known = this.#remembered.get(path);
    if (known !== undefined) return known;
    const matches = this.#find(path);
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(path, matches);
    return matches;
  }

  #find(path: string): Match[] {
    const matches: Match[] = [];
    for (const rule of this.rules) {
      for (const [spelling, pattern] of rule.spellings.entries()) {
        const groups = pattern.match(path);
        if (groups === undefined) continue;
        matches.push({ rule, spelling, groups });
        if (rule.definition.where === undefined) return matches;
        break;
      }
    }
    return matches;
  }
}

/** The rules that apply to an output, and what its key says in them. */
export interface Selection {
  /** All rules in their order, those included that do not apply. */
  readonly all: readonly Rule[];
  readonly matcher: Matcher;
  /** By rule, what the named groups of its key pattern matched. */
  readonly keyGroups: ReadonlyMap<Rule, Groups>;
}

/** Chooses the rules for outputs. Outputs with the same rules share a matcher. */
export class RuleSelector {
  readonly #rules: readonly Rule[];
  readonly #matchers = new Map<string, Matcher>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  select(output: Output): Selection {
    const keyGroups = new Map<Rule, Groups>();
    const rules = this.#rules.filter((rule) => {
      if (rule.definition.per === "host" && output.host === undefined) return false;
      if (rule.definition.key === undefined) return true;
      for (const pattern of rule.definition.key) {
        const groups = pattern.match(output.key);
        if (groups !== undefined) {
          keyGroups.set(rule, groups);
          return true;
        }
      }
      return false;
    });
    const id = rules.length === this.#rules.length ? "all" : rules.map(({ at }) => at).join(" ");
    let matcher = this.#matchers.get(id);
    if (matcher === undefined) {
      matcher = new Matcher(rules);
      this.#matchers.set(id, matcher);
    }
    return { all: this.#rules, matcher, keyGroups };
  }
}
