import { functionLabels, type Output } from "../outputs/output.ts";
import { type Container, lookUp } from "./document.ts";
import type { Match, Selection } from "./matcher.ts";
import { fillIn, type Groups, isLabel } from "./patterns.ts";
import type { Leaf } from "./values.ts";

/** A label with its value. */
export type Label = readonly [name: string, value: string];

/** What a rule's labels are made of, besides the rule. */
export interface LabelContext {
  readonly output: Output;
  readonly document: Container;
  readonly selection: Selection;
  /** Told of each path in the document that a label was taken from. */
  readonly onRead: (path: string) => void;
}

/**
 * All labels of a series: those that say where it is from first, the others by name. Empty ones, which Prometheus
 * takes for absent, are left out.
 *
 * @param leaf undefined where a rule gives a series for a missing field.
 */
export function labelsOf(match: Match, leaf: Leaf | undefined, context: LabelContext): Label[] {
  const { rule, groups } = match;
  const { definition } = rule;
  const all: Groups = { ...context.selection.keyGroups.get(rule), ...groups };
  const labels = new Map<string, string>();
  for (const [name, source] of Object.entries(definition.labels)) {
    labels.set(name, readLabel(source, leaf, all, context));
  }
  for (const [name, value] of Object.entries(all)) {
    if (isLabel(name, definition.metric)) labels.set(name, value);
  }
  const others = [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
  return [...identityOf(definition.per, context.output), ...others]
    .filter(([, value]) => value !== "")
    .map(([name, value]) => [name, value.toWellFormed()]);
}

function identityOf(per: "function" | "host" | "document", output: Output): Label[] {
  if (per === "document") return [];
  if (per === "host") return [["host", output.host ?? ""]];
  return Object.entries(functionLabels(output));
}

type LabelSource = Match["rule"]["definition"]["labels"][string];

function readLabel(
  source: LabelSource,
  leaf: Leaf | undefined,
  groups: Groups,
  context: LabelContext,
): string {
  if (typeof source === "string") return source;
  if ("document" in source) {
    const path = fillIn(source.document, groups);
    context.onRead(path);
    return textOf(lookUp(context.document, path));
  }
  if ("key" in source) {
    for (const search of source.key) {
      const found = search.find(context.output.key);
      if (found !== undefined) return found;
    }
    return "";
  }
  return textOf(leaf);
}

/** A leaf as a label has it; objects and lists have no such text. */
function textOf(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "";
}
