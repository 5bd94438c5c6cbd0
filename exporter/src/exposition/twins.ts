import { functionLabels } from "../outputs/output.ts";
import type { OutputFragments } from "./output-fragments.ts";

/**
 * Settles which of several outputs gives a series that more than one of them has: the first by key. Only outputs
 * with the same labels of origin can have one in common, and these are few; only they are looked at.
 */
export class Twins {
  readonly #onDuplicate: () => void;
  /** By origin: the outputs that have it. */
  readonly #origins = new Map<string, Set<OutputFragments>>();
  /** By output: its origins. */
  readonly #known = new Map<OutputFragments, readonly string[]>();
  readonly #changed = new Set<string>();

  /** @param onDuplicate told of each series of an output that another one gives from now on. */
  constructor(onDuplicate: () => void) {
    this.#onDuplicate = onDuplicate;
  }

  /** An output has other series than before, or comes or goes. */
  update(output: OutputFragments, isThere = true): void {
    const origins = isThere ? originsOf(output) : [];
    const before = this.#known.get(output) ?? [];
    for (const origin of before) {
      this.#changed.add(origin);
      if (origins.includes(origin)) continue;
      this.#origins.get(origin)?.delete(output);
      output.suppressed.delete(origin);
    }
    for (const origin of origins) {
      this.#changed.add(origin);
      const outputs = this.#origins.get(origin) ?? new Set();
      this.#origins.set(origin, outputs.add(output));
    }
    if (origins.length === 0) this.#known.delete(output);
    else this.#known.set(output, origins);
  }

  /** @returns outputs whose samples are others now. */
  settle(): OutputFragments[] {
    const touched: OutputFragments[] = [];
    for (const origin of this.#changed) {
      const outputs = [...(this.#origins.get(origin) ?? [])];
      if (outputs.length === 0) this.#origins.delete(origin);
      if (outputs.length > 1 || outputs.some(({ suppressed }) => suppressed.has(origin))) {
        touched.push(...this.#settleOrigin(origin, outputs));
      }
    }
    this.#changed.clear();
    return touched;
  }

  #settleOrigin(origin: string, outputs: OutputFragments[]): OutputFragments[] {
    const touched: OutputFragments[] = [];
    const taken = new Set<string>();
    for (const output of outputs.sort((a, b) => (a.output.key < b.output.key ? -1 : 1))) {
      if (output.absence !== undefined) {
        output.suppressed.delete(origin);
        continue;
      }
      const twice = new Set<string>();
      for (const id of output.ids()) {
        if (taken.has(id)) twice.add(id);
        else taken.add(id);
      }
      const before = output.suppressed.get(origin) ?? new Set();
      for (const id of twice) if (!before.has(id)) this.#onDuplicate();
      if (twice.size === 0 && before.size === 0) continue;
      touched.push(output);
      if (twice.size === 0) output.suppressed.delete(origin);
      else output.suppressed.set(origin, twice);
    }
    return touched;
  }
}

/** What the series of an output may have in common with those of others. */
function originsOf(output: OutputFragments): string[] {
  const { host } = output.output;
  const origins = [`function ${JSON.stringify(functionLabels(output.output))}`];
  // As it is written: other halves of characters come out alike.
  if (host !== undefined) origins.push(`host ${host.toWellFormed()}`);
  const rules = output.selection.matcher.rules;
  if (rules.some(({ definition }) => definition.per === "document")) origins.push("document");
  return origins;
}
