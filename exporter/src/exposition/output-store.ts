import { DROP_REASONS, type DropReason } from "../drops.ts";
import type { Limits } from "../limits.ts";
import { FamilyTable } from "../mapping/family-table.ts";
import { RuleSelector } from "../mapping/matcher.ts";
import { type Explain, type PlanContext, planOf } from "../mapping/planner.ts";
import type { Rule } from "../mapping/rules.ts";
import type { Output } from "../outputs/output.ts";
import { parseOutput } from "../outputs/parsing.ts";
import type { Problem } from "../problem-log.ts";
import type { Family } from "./family.ts";
import { META_FAMILIES, OUTPUT_TIMESTAMP } from "./meta-families.ts";
import { type Absence, OutputFragments } from "./output-fragments.ts";
import { Pages } from "./pages.ts";
import type { Dialect } from "./text.ts";
import { Twins } from "./twins.ts";

/** What was found at an output's place: its bytes, or why there is none. */
export type Content = { readonly bytes: Buffer } | { readonly absence: DropReason | "gone" };

/** What a store tells. */
export interface StoreListener {
  onDrop(reason: DropReason): void;
  /** An output could not be rendered, which is a mistake of the exporter's. */
  onFailure(key: string, error: unknown): void;
  /** @param seconds that reading and writing the output's newest version took. */
  onRender(key: string, seconds: number): void;
}

export interface StoreOptions {
  readonly rules: readonly Rule[];
  readonly limits: Limits;
  /** Whether a document may be a list as a whole. */
  readonly allowList: boolean;
  readonly listener: StoreListener;
  /** Told what became of each leaf of an output, for people who ask why. */
  readonly explain?: (key: string, ...about: Parameters<Explain>) => void;
}

/** Why a metric is left out that other outputs' metrics leave no name for. */
const NAME_REFUSALS: ReadonlySet<DropReason> = new Set([
  "name_collision",
  "type_conflict",
  "too_many_series",
]);

const ABSENCES: Record<"gone" | "stale", string> = {
  gone: "the key is gone",
  stale: "the output is older than its staleAfter",
};

/**
 * The outputs of a target as ready text. A source tells it of outputs and their contents as they change; a scrape
 * takes the text as it is.
 */
export class OutputStore {
  readonly #options: StoreOptions;
  readonly #selector: RuleSelector;
  readonly #families: FamilyTable;
  readonly #outputs = new Map<string, OutputFragments>();
  readonly #pages = new Pages();
  readonly #twins: Twins;
  /** Outputs of which something is left out that might find room, or its name free, once others go. */
  readonly #refused = new Set<OutputFragments>();
  /** Series of all outputs. */
  #size = 0;
  /** Others came or went since the pages were laid out. */
  #isLaidOut = true;
  #version = 0;
  readonly #ready = new Map<string, { readonly version: number; readonly pieces: readonly Buffer[] }>();

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#selector = new RuleSelector(options.rules);
    const families = options.rules.flatMap(({ metric }) =>
      metric !== undefined && "family" in metric ? [metric.family] : [],
    );
    this.#families = new FamilyTable(new Set([...META_FAMILIES, ...families]));
    this.#twins = new Twins(() => options.listener.onDrop("duplicate"));
  }

  /** Keys of the outputs. */
  get keys(): ReadonlySet<string> {
    return new Set(this.#outputs.keys());
  }

  /** Number of outputs that are exported. */
  get exported(): number {
    let count = 0;
    for (const { absence } of this.#outputs.values()) if (absence === undefined) count += 1;
    return count;
  }

  /** Whether there is such an output, and it is exported. */
  isExported(key: string): boolean {
    const output = this.#outputs.get(key);
    return output !== undefined && output.absence === undefined;
  }

  has(key: string): boolean {
    return this.#outputs.has(key);
  }

  /**
   * There is such an output, or it is described otherwise than before.
   *
   * @returns whether its content is needed.
   */
  describe(output: Output): boolean {
    const known = this.#outputs.get(output.key);
    if (known === undefined) {
      this.#outputs.set(output.key, new OutputFragments(output, this.#selector.select(output)));
      this.#isLaidOut = false;
      this.#version += 1;
      return true;
    }
    const before = known.output;
    known.output = output;
    if (
      before.functionName !== output.functionName ||
      before.shard !== output.shard ||
      before.host !== output.host
    ) {
      known.selection = this.#selector.select(output);
      known.forget();
      this.#empty(known, "gone");
      return true;
    }
    if (before.storedAt !== output.storedAt) {
      this.#touch(known, [OUTPUT_TIMESTAMP]);
    }
    return false;
  }

  /** There is no such output any more. */
  remove(key: string): void {
    const known = this.#outputs.get(key);
    if (known === undefined) return;
    this.#size -= known.size;
    this.#outputs.delete(key);
    this.#refused.delete(known);
    this.#twins.update(known, false);
    this.#settleFamilies(known.ownFamilies, []);
    this.#isLaidOut = false;
    this.#version += 1;
  }

  /** What an output holds now. @param now milliseconds. */
  put(key: string, content: Content, now: number): void {
    const known = this.#outputs.get(key);
    if (known === undefined) return;
    if ("absence" in content) {
      if (known.absence === content.absence && !known.hasSamples) return;
      known.forget();
      this.#empty(known, content.absence);
      this.#setDrops(known, content.absence === "gone" ? [] : [content.absence]);
      return;
    }
    if (known.isSame(content.bytes, now)) return;
    const start = performance.now();
    try {
      this.#render(known, content.bytes);
    } catch (error) {
      // One output must not cost all the others.
      this.#options.listener.onFailure(key, error);
      this.#empty(known, "internal_error");
      this.#setDrops(known, ["internal_error"]);
    }
    this.#options.listener.onRender(key, (performance.now() - start) / 1000);
  }

  /** Leave out what is stale by now, and take in again what is not. */
  expire(now: number): void {
    for (const output of this.#outputs.values()) {
      if (!output.hasSamples) continue;
      const { staleAt } = output;
      const isStale = staleAt !== undefined && now > staleAt;
      const before = output.absence;
      if (isStale) {
        this.#size -= output.size;
        output.absence = "stale";
      } else if (before !== undefined) this.#admit(output);
      if (output.absence !== before) this.#changed(output);
    }
  }

  /** Leave all pieces as they are, as they are being sent, until the returned function is called. */
  hold(): () => void {
    return this.#pages.hold();
  }

  /** The text of all outputs, valid until the next change unless it is held. A piece that did not change is the same object as the last time. */
  pieces(dialect: Dialect): readonly Buffer[] {
    for (const output of this.#twins.settle()) this.#touch(output, output.families);
    if (!this.#isLaidOut) {
      this.#pages.layOut([...this.#outputs.values()].sort((a, b) => (a.output.key < b.output.key ? -1 : 1)));
      this.#isLaidOut = true;
    }
    const id = `${dialect.format} ${dialect.scheme}`;
    const ready = this.#ready.get(id);
    if (ready?.version === this.#version) return ready.pieces;
    const pieces = this.#pages.pieces(dialect);
    this.#ready.set(id, { version: this.#version, pieces });
    return pieces;
  }

  /** What keeps (parts of) outputs from being exported now. */
  get problems(): Problem[] {
    const problems: Problem[] = [];
    for (const [key, { absence, suppressed, drops }] of this.#outputs) {
      if (absence === "gone" || absence === "stale")
        problems.push({ key, reason: absence, message: ABSENCES[absence] });
      const reasons = new Set(drops);
      if (absence === "too_many_series") reasons.add(absence);
      if (suppressed.size > 0) reasons.add("duplicate");
      for (const reason of reasons) problems.push({ key, reason, message: DROP_REASONS[reason] });
    }
    return problems;
  }

  /** Changes with what is exported. */
  get version(): number {
    return this.#version;
  }

  #render(output: OutputFragments, bytes: Buffer): void {
    const changed = output.absence === undefined ? output.repeat(bytes) : undefined;
    if (changed !== undefined) {
      if (changed.length > 0) this.#touch(output, changed);
      for (const reason of output.drops) this.#options.listener.onDrop(reason);
      return;
    }
    output.remember(bytes);
    const document = parseOutput(bytes.toString(), this.#options.allowList);
    if (typeof document === "string") {
      output.parseErrors += 1;
      this.#empty(output, document);
      this.#setDrops(output, [document]);
      return;
    }
    const before = output.ownFamilies;
    const plan = planOf(document, this.#contextOf(output));
    this.#size -= output.size;
    output.write(bytes, plan);
    this.#setDrops(output, plan.drops);
    if (!this.#admit(output)) this.#options.listener.onDrop("too_many_series");
    this.#changed(output, before);
    this.#settleFamilies(before, output.ownFamilies);
  }

  /** Take an output in, where there is room for its series: others may go and make some. */
  #admit(output: OutputFragments): boolean {
    output.absence = undefined;
    const hasRoom = this.#size + output.size <= this.#options.limits.series;
    if (!hasRoom) output.absence = "too_many_series";
    this.#size += output.size;
    return hasRoom;
  }

  #contextOf({ output, selection }: OutputFragments): PlanContext {
    const { limits, explain } = this.#options;
    return {
      output,
      selection,
      families: this.#families,
      maxSeries: limits.seriesPerOutput,
      ...(explain === undefined ? {} : { explain: (...about) => explain(output.key, ...about) }),
    };
  }

  /** An output has no samples any more. */
  #empty(output: OutputFragments, absence: Absence): void {
    const before = output.ownFamilies;
    this.#size -= output.size;
    output.clear();
    output.absence = absence;
    this.#changed(output, before);
    this.#settleFamilies(before, []);
  }

  /** An output has series of other metrics than before: names that are free now may be wanted by others. */
  #settleFamilies(before: readonly Family[], now: readonly Family[]): void {
    const unused = this.#families.settle(before, now);
    this.#pages.forget(unused);
    if (unused.length > 0) for (const output of this.#refused) output.lookAgain();
  }

  /** An output has other series than before. */
  #changed(output: OutputFragments, before: readonly Family[] = []): void {
    this.#twins.update(output);
    this.#touch(output, [...before, ...output.families]);
  }

  #touch(output: OutputFragments, families: readonly Family[]): void {
    this.#version += 1;
    this.#pages.touch(output, families);
  }

  /** Count what is dropped of a version, and remember it for the log. */
  #setDrops(output: OutputFragments, reasons: readonly DropReason[]): void {
    for (const reason of reasons) this.#options.listener.onDrop(reason);
    output.drops = reasons;
    if (reasons.some((reason) => NAME_REFUSALS.has(reason))) this.#refused.add(output);
    else this.#refused.delete(output);
  }
}
