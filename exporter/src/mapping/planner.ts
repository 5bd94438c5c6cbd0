import { type DropReason, MAX_NAME_LENGTH } from "../drops.ts";
import type { Family } from "../exposition/family.ts";
import { isLegacyName, isUtf8Name } from "../exposition/names.ts";
import { samplePrefix } from "../exposition/text.ts";
import type { Output } from "../outputs/output.ts";
import { type Container, isContainer, isList, lookUp } from "./document.ts";
import type { FamilyTable } from "./family-table.ts";
import { labelsOf } from "./labels.ts";
import type { Match, Selection } from "./matcher.ts";
import { fillIn } from "./patterns.ts";
import { type Plan, type Shape, type ShapePart, SKIP, skipOf } from "./plan.ts";
import type { Rule, RuleMetric } from "./rules.ts";
import { type SeriesEntry, SeriesList } from "./series-list.ts";
import { readTimestamp } from "./timestamps.ts";
import { convert, type Leaf } from "./values.ts";

const MAX_DEPTH = 16;
/** Leaves that are looked at per series that is allowed: documents are mostly numbers, or not worth the time. */
const LEAVES_PER_SERIES = 20;

/** What planning needs to know besides the document. */
export interface PlanContext {
  readonly output: Output;
  readonly selection: Selection;
  readonly families: FamilyTable;
  readonly maxSeries: number;
  /** Told what became of each leaf, for people who ask why. */
  readonly explain?: (path: string, leaf: Leaf, rule: Rule | undefined, outcome: string) => void;
}

/** Work out what the rules make of a document: for each leaf the first rule that matches its path decides. */
export function planOf(document: Container, context: PlanContext): Plan {
  return new Planner(document, context).plan();
}

class Planner {
  readonly #document: Container;
  readonly #context: PlanContext;
  readonly #drops: DropReason[] = [];
  readonly #guards = new Map<string, unknown>();
  readonly #stamps: Plan["stamps"][number][] = [];
  readonly #stampIndex = new Map<string, number>();
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
    return {
      ...this.#series.finish(),
      shape,
      guards: [...this.#guards],
      stamps: this.#stamps,
      drops: this.#drops,
    };
  }

  #walk(container: Container, prefix: string, depth: number): Shape {
    const shape: Shape = { isList: isList(container), names: [], parts: [], isCut: false };
    /** @returns false where no more is wanted. */
    const take = (name: string, value: unknown): boolean => {
      if (this.#isFull) shape.isCut = true;
      else shape.parts.push(this.#part(prefix + name, value, depth));
      return !shape.isCut;
    };
    if (isList(container)) {
      for (const [index, value] of container.entries()) if (!take(String(index), value)) break;
      return shape;
    }
    // Not Object.entries: of a document that is far too large only the beginning is looked at.
    for (const name in container) {
      if (!take(name, container[name])) break;
      shape.names.push(name);
    }
    return shape;
  }

  #part(path: string, value: unknown, depth: number): ShapePart {
    if (path.length > MAX_NAME_LENGTH) {
      // Texts and nulls are mostly no series anyway: a long name of theirs is no loss to speak of.
      if (typeof value !== "string" && value !== null) this.#drop("name_too_long");
      return skipOf(value);
    }
    if (isContainer(value)) {
      if (depth < MAX_DEPTH) return this.#walk(value, `${path}.`, depth + 1);
      this.#drop("too_deep");
      return SKIP.container;
    }
    this.#leaves += 1;
    if (this.#leaves > this.#context.maxSeries * LEAVES_PER_SERIES) this.#fill();
    return this.#leaf(path.toWellFormed(), value as Leaf);
  }

  #leaf(path: string, leaf: Leaf): ShapePart {
    const match = this.#context.selection.matcher.matches(path).find((one) => this.#applies(one)) ?? null;
    const part = (outcome: string, shapePart: ShapePart): ShapePart => {
      this.#context.explain?.(path, leaf, match?.rule, outcome);
      return shapePart;
    };
    if (match === null) return part("no rule matches", skipOf(leaf));
    this.#matched.add(match.rule);
    if (match.rule.metric === undefined) return part("left out by the rule", skipOf(leaf));
    const { definition } = match.rule;
    const { type } = familyTypeOf(match.rule.metric);
    const value = convert(leaf, definition, type);
    if (value === "skip") return part(`left out: ${leaf === null ? "null" : "no number"}`, skipOf(leaf));
    if (typeof value === "string") {
      this.#drop(value);
      return part(`dropped: ${value}`, { exactly: leaf });
    }
    const added = this.#add(match, leaf, value);
    if (typeof added === "string") return part(added, skipOf(leaf));
    // Where the number is the leaf itself, its next one takes the same way; anything else is worked out anew.
    const isPlain =
      !added.isConstant &&
      type !== "info" &&
      definition.values === undefined &&
      (typeof leaf === "number" || typeof leaf === "boolean");
    const outcome = `${added.prefix}${value}`;
    return part(outcome, isPlain ? this.#series.plain(added) : this.#series.constant(added, leaf));
  }

  /** Whether the document is as the rule's condition wants it. */
  #applies({ rule, groups }: Match): boolean {
    const { where } = rule.definition;
    if (where === undefined) return true;
    const all = { ...this.#context.selection.keyGroups.get(rule), ...groups };
    return Object.entries(where).every(([template, wanted]) => {
      const path = fillIn(template, all);
      const found = lookUp(this.#document, path);
      this.#guards.set(path, found);
      return found === wanted;
    });
  }

  /** @returns why there is no series. */
  #add(match: Match, leaf: Leaf | undefined, value: number): SeriesEntry | string {
    const { definition } = match.rule;
    const groups = { ...this.#context.selection.keyGroups.get(match.rule), ...match.groups };
    const family = this.#familyOf(match.rule, groups);
    if (typeof family === "string") {
      this.#drop(family);
      return `dropped: ${family}`;
    }
    const stamp = this.#stampOf(match, groups);
    if (stamp === undefined) {
      this.#drop("invalid_timestamp");
      return "dropped: invalid_timestamp";
    }
    const labels = labelsOf(match, leaf, {
      output: this.#context.output,
      document: this.#document,
      selection: this.#context.selection,
      onRead: (path) => this.#guards.set(path, lookUp(this.#document, path)),
    });
    const prefix = samplePrefix(family.name, labels, "allow-utf-8");
    const isSpecial =
      stamp !== -1 ||
      !isLegacyName(family.name, "metric") ||
      labels.some(([name]) => !isLegacyName(name, "label"));
    const candidate = { family, prefix, stamp, isSpecial, scale: definition.scale };
    const added = this.#series.add(candidate, match, value);
    if (added === "full") {
      this.#fill();
      return "dropped: too_many_series";
    }
    if (added === "duplicate") {
      this.#drop("duplicate");
      return "dropped: duplicate";
    }
    return added === "other spelling" ? "left out: another spelling of the field is there" : added;
  }

  #familyOf(rule: Rule, groups: Readonly<Record<string, string>>): Family | DropReason {
    const { metric } = rule;
    if (metric === undefined) return "invalid_name";
    if ("family" in metric) return metric.family;
    const name = fillIn(metric.template, groups);
    if (!isUtf8Name(name)) return "invalid_name";
    return this.#context.families.get({ name, ...metric.description });
  }

  /** Place of the time that the series of a match carry; -1 where they carry none, undefined where it is no time. */
  #stampOf({ rule }: Match, groups: Readonly<Record<string, string>>): number | undefined {
    const { timestamp } = rule.definition;
    if (timestamp === undefined) return -1;
    const path = fillIn(timestamp.document, groups);
    if (readTimestamp(lookUp(this.#document, path), timestamp.format) === undefined) return undefined;
    const id = `${timestamp.format} ${path}`;
    const known = this.#stampIndex.get(id);
    if (known !== undefined) return known;
    this.#stampIndex.set(id, this.#stamps.length);
    return this.#stamps.push({ path, format: timestamp.format }) - 1;
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
      const added = this.#add({ rule, spelling: 0, groups: {} }, undefined, missing);
      if (typeof added !== "string") this.#series.constant(added, undefined);
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

function familyTypeOf(metric: RuleMetric): Pick<Family, "type"> {
  return "family" in metric ? metric.family : metric.description;
}
