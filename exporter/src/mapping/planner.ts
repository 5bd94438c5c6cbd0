import { type DropReason, MAX_LABEL_LENGTH, MAX_NAME_LENGTH } from "../drops.ts";
import type { Family } from "../exposition/family.ts";
import { isLegacyName, isUtf8Name } from "../exposition/names.ts";
import { samplePrefix } from "../exposition/text.ts";
import type { Output } from "../outputs/output.ts";
import { type Container, isContainer, isList, lookUp } from "./document.ts";
import type { FamilyTable } from "./family-table.ts";
import { labelsOf } from "./labels.ts";
import type { Match, Selection } from "./matcher.ts";
import { nearMisses } from "./near-misses.ts";
import { fillIn } from "./patterns.ts";
import { FIXED, type Plan, type Shape, type ShapePart, SKIPPED } from "./plan.ts";
import type { Rule, RuleMetric } from "./rules.ts";
import { SeriesList } from "./series-list.ts";
import { readTimestamp } from "./timestamps.ts";
import { convert, type Leaf } from "./values.ts";

const MAX_DEPTH = 16;
/** Leaves that are looked at per series that is allowed: documents are mostly numbers, or not worth the time. */
const LEAVES_PER_SERIES = 20;

/**
 * Told what became of a leaf.
 *
 * @param passed in words, the rules before that match its path and yet do not apply.
 */
export type Explain = (
  path: string,
  leaf: Leaf,
  rule: Rule | undefined,
  outcome: string,
  passed: readonly string[],
) => void;

/** What planning needs to know besides the document. */
export interface PlanContext {
  readonly output: Output;
  readonly selection: Selection;
  readonly families: FamilyTable;
  readonly maxSeries: number;
  /** Told what became of each leaf, for people who ask why. */
  readonly explain?: Explain;
}

/** Work out what the rules make of a document: for each leaf the first rule that matches its path decides. */
export function planOf(document: Container, context: PlanContext): Plan {
  return new Planner(document, context).plan();
}

class Planner {
  readonly #document: Container;
  readonly #context: PlanContext;
  readonly #drops: DropReason[] = [];
  readonly #guards = new Set<string>();
  readonly #series: SeriesList;
  /** Rules that some field matched. */
  readonly #matched = new Set<Rule>();
  #leaves = 0;
  #isFull = false;

  constructor(document: Container, context: PlanContext) {
    this.#document = document;
    this.#context = context;
    this.#series = new SeriesList(context.maxSeries);
  }

  plan(): Plan {
    const shape = this.#walk(this.#document, "", 1);
    this.#addMissing();
    return { ...this.#series.finish(), shape, guards: this.#guards, drops: this.#drops };
  }

  #walk(container: Container, prefix: string, depth: number): Shape {
    const shape: Shape = { parts: new Map(), isCut: false };
    /** @returns false where no more is wanted. */
    const take = (name: string, value: unknown): boolean => {
      if (this.#isFull) shape.isCut = true;
      else shape.parts.set(name, this.#part(prefix + name, value, depth));
      return !shape.isCut;
    };
    if (isList(container)) {
      for (const [index, value] of container.entries()) if (!take(String(index), value)) break;
      return shape;
    }
    // Not Object.entries: of a document that is far too large only the beginning is looked at.
    for (const name in container) if (!take(name, container[name])) break;
    return shape;
  }

  #part(path: string, value: unknown, depth: number): ShapePart {
    if (path.length > MAX_NAME_LENGTH) {
      // Texts and nulls are mostly no series anyway: a long name of theirs is no loss to speak of.
      if (typeof value !== "string" && value !== null) this.#drop("name_too_long");
      return SKIPPED;
    }
    if (isContainer(value)) {
      if (depth < MAX_DEPTH) return this.#walk(value, `${path}.`, depth + 1);
      this.#drop("too_deep");
      return SKIPPED;
    }
    this.#leaves += 1;
    if (this.#leaves > this.#context.maxSeries * LEAVES_PER_SERIES) this.#fill();
    return this.#leaf(path.toWellFormed(), value as Leaf);
  }

  #leaf(path: string, leaf: Leaf): ShapePart {
    const match = this.#context.selection.matcher.matches(path).find((one) => this.#applies(one)) ?? null;
    const explain = (outcome: string): void => this.#explain(path, leaf, match ?? undefined, outcome);
    const part = (outcome: string, shapePart: ShapePart): ShapePart => {
      explain(outcome);
      return shapePart;
    };
    if (match === null) return part("no rule matches", SKIPPED);
    this.#matched.add(match.rule);
    if (match.rule.metric === undefined) return part("left out by the rule", SKIPPED);
    const { definition } = match.rule;
    const { type } = familyTypeOf(match.rule.metric);
    const value = convert(leaf, definition, type);
    // Another text might be among the rule's values, or a number.
    const isDeaf = definition.values === undefined && definition.nonNumber === "skip";
    if (value === "skip") {
      return part(`left out: ${skippedBecause(leaf)}`, isDeaf ? SKIPPED : FIXED);
    }
    if (typeof value === "string") {
      this.#drop(value);
      return part(`dropped: ${value}`, FIXED);
    }
    const isPlain =
      type !== "info" &&
      definition.values === undefined &&
      (typeof leaf === "number" || typeof leaf === "boolean");
    const added = this.#add(match, leaf, value, isPlain);
    // Of an info metric the text says which series it is: another one may be welcome.
    if (typeof added === "string") return part(added, type === "info" ? FIXED : SKIPPED);
    explain(`${this.#series.prefixOf(added)}${value}`);
    return added;
  }

  #explain(path: string, leaf: Leaf, match: Match | undefined, outcome: string): void {
    const { explain, selection, output } = this.#context;
    if (explain === undefined) return;
    explain(path, leaf, match?.rule, outcome, nearMisses(path, match, selection, output));
  }

  /** Whether the document is as the rule's condition wants it. */
  #applies({ rule, groups }: Match): boolean {
    const { where } = rule.definition;
    if (where === undefined) return true;
    const all = { ...this.#context.selection.keyGroups.get(rule), ...groups };
    return Object.entries(where).every(([template, wanted]) => {
      const path = fillIn(template, all);
      const found = lookUp(this.#document, path);
      this.#guards.add(path);
      return found === wanted;
    });
  }

  /** @returns the place of the series, or why there is none. */
  #add(match: Match, leaf: Leaf | undefined, value: number, isPlain: boolean): number | string {
    const { definition } = match.rule;
    const groups = { ...this.#context.selection.keyGroups.get(match.rule), ...match.groups };
    const family = this.#familyOf(match.rule, groups);
    if (typeof family === "string") return this.#refuse(family);
    const timestamp = this.#timestampOf(match, groups);
    if (timestamp === null) return this.#refuse("invalid_timestamp");
    const labels = labelsOf(match, leaf, {
      output: this.#context.output,
      document: this.#document,
      selection: this.#context.selection,
      onRead: (path) => this.#guards.add(path),
    });
    if (labels.some(([, text]) => text.length > MAX_LABEL_LENGTH)) return this.#refuse("name_too_long");
    const prefix = samplePrefix(family.name, labels, "allow-utf-8");
    const isSpecial =
      timestamp !== undefined ||
      !isLegacyName(family.name, "metric") ||
      labels.some(([name]) => !isLegacyName(name, "label"));
    const candidate = { family, prefix, timestamp, isSpecial, isPlain, scale: definition.scale };
    const added = this.#series.add(candidate, match, value);
    if (added === "full") {
      this.#fill();
      return "dropped: too_many_series";
    }
    if (added === "duplicate") return this.#refuse("duplicate");
    return added === "other spelling" ? "left out: another spelling of the field is there" : added;
  }

  #refuse(reason: DropReason): string {
    this.#drop(reason);
    return `dropped: ${reason}`;
  }

  #familyOf(rule: Rule, groups: Readonly<Record<string, string>>): Family | DropReason {
    const { metric } = rule;
    if (metric === undefined) return "invalid_name";
    if ("family" in metric) return metric.family;
    const name = fillIn(metric.template, groups);
    if (!isUtf8Name(name)) return "invalid_name";
    return this.#context.families.get({ name, ...metric.description });
  }

  /** The time that the series of a match carry; undefined where they carry none, null where they need one. */
  #timestampOf({ rule }: Match, groups: Readonly<Record<string, string>>): number | undefined | null {
    const { timestamp } = rule.definition;
    if (timestamp === undefined) return undefined;
    const path = fillIn(timestamp.document, groups);
    const time = readTimestamp(lookUp(this.#document, path), timestamp.format);
    if (time !== undefined) return time;
    // Without a time the text is a template for the next version, which may have one there.
    this.#guards.add(path);
    return timestamp.missing === "drop" ? null : undefined;
  }

  /** Rules that no field matched, where they say what to do then. */
  #addMissing(): void {
    for (const rule of this.#context.selection.matcher.rules) {
      const { missing } = rule.definition;
      if (missing === "skip" || this.#matched.has(rule) || this.#isFull) continue;
      if (missing === "count") {
        this.#drop("missing");
        continue;
      }
      this.#add({ rule, spelling: 0, groups: {} }, undefined, missing, false);
    }
  }

  #fill(): void {
    if (!this.#isFull) this.#drop("too_many_series");
    this.#isFull = true;
  }

  #drop(reason: DropReason): void {
    this.#drops.push(reason);
  }
}

/** Why a leaf is skipped, and what to write where it should not be. */
function skippedBecause(leaf: Leaf): string {
  if (leaf === null) return "null (null: count, or a number, makes something of it)";
  // A text that is a number is mostly meant as one.
  const isNumber = typeof leaf === "string" && leaf.trim() !== "" && Number.isFinite(Number(leaf));
  return isNumber
    ? "no number, but a text that is one (nonNumber: parse reads it)"
    : "no number (values gives texts a number)";
}

function familyTypeOf(metric: RuleMetric): Pick<Family, "type"> {
  return "family" in metric ? metric.family : metric.description;
}
