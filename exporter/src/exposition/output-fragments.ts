import { hash } from "node:crypto";
import type { DropReason } from "../drops.ts";
import type { Container } from "../mapping/document.ts";
import type { Selection } from "../mapping/matcher.ts";
import { type Plan, replay } from "../mapping/plan.ts";
import { functionLabels, type Output } from "../outputs/output.ts";
import type { Family } from "./family.ts";
import { OUTPUT_PARSE_ERRORS, OUTPUT_SERIES, OUTPUT_TIMESTAMP, OUTPUT_UP } from "./meta-families.ts";
import { samplePrefix } from "./text.ts";

/** Why an output has no series now; `gone` and `stale` are nobody's fault. */
export type Absence = DropReason | "gone" | "stale";

/** Texts up to this length are kept to compare with, of longer ones a digest. */
const KEEP_UP_TO = 16_384;

/** An output with its samples as ready text, a fragment per metric family. */
export class OutputFragments {
  output: Output;
  /** The rules that apply to it. */
  selection: Selection;
  /** Place of the page that it is on. */
  page = -1;
  plan: Plan | undefined;
  /** Why it has no series; undefined where it is exported. */
  absence: Absence | undefined = "gone";
  /** When its text was last seen to change, in milliseconds. */
  changedAt = 0;
  parseErrors = 0;
  /** Samples that other outputs give already. */
  readonly suppressed = new Map<string, ReadonlySet<string>>();
  #texts: readonly string[] = [];
  #fingerprint: string | undefined;

  constructor(output: Output, selection: Selection) {
    this.output = output;
    this.selection = selection;
  }

  /** Metrics that it has samples of, or had in its latest version. */
  get families(): readonly Family[] {
    return [...(this.plan?.families ?? []), OUTPUT_UP, OUTPUT_SERIES, OUTPUT_PARSE_ERRORS, OUTPUT_TIMESTAMP];
  }

  /** Number of series that it gives, those left out for other outputs' sake included. */
  get size(): number {
    return this.absence === undefined ? (this.plan?.size ?? 0) : 0;
  }

  /** Note the newest text. @returns false where it is the one of before. */
  sees(text: string, now: number): boolean {
    const fingerprint = text.length <= KEEP_UP_TO ? text : hash("sha1", text);
    if (fingerprint === this.#fingerprint) return false;
    this.#fingerprint = fingerprint;
    this.changedAt = now;
    return true;
  }

  /** Forget the text, so that the next one counts as new whatever it is. */
  forget(): void {
    this.#fingerprint = undefined;
  }

  /**
   * Write the samples of a document by the plan there is.
   *
   * @returns false where the document needs a new plan.
   */
  write(document: Container): boolean {
    const texts = this.plan === undefined ? undefined : replay(this.plan, document);
    if (texts === undefined) return false;
    // Strings that were put together piece by piece keep all the pieces until they are looked into.
    for (const text of texts) text.charCodeAt(0);
    this.#texts = texts;
    return true;
  }

  /** Forget plan and samples. */
  clear(): void {
    this.plan = undefined;
    this.#texts = [];
  }

  /** When it becomes stale, in milliseconds; undefined where it never does. */
  get staleAt(): number | undefined {
    const { staleAfter, storedAt } = this.output;
    return staleAfter === undefined ? undefined : (storedAt ?? this.changedAt) + staleAfter * 1000;
  }

  /** The line of its time stamp, up to the number. */
  get timestampId(): string | undefined {
    return this.output.storedAt === undefined
      ? undefined
      : samplePrefix(OUTPUT_TIMESTAMP.name, Object.entries(functionLabels(this.output)), "allow-utf-8");
  }

  /** Its samples of a metric, in canonical form. */
  textOf(family: Family): string {
    const key = this.output.key.toWellFormed();
    switch (family) {
      case OUTPUT_UP:
        return sample(family, key, this.absence === undefined ? 1 : 0);
      case OUTPUT_SERIES: {
        let left = this.size;
        for (const ids of this.suppressed.values()) left -= ids.size;
        return sample(family, key, Math.max(0, left));
      }
      case OUTPUT_PARSE_ERRORS:
        return sample(family, key, this.parseErrors);
      case OUTPUT_TIMESTAMP:
        return this.absence !== undefined || this.timestampId === undefined
          ? ""
          : this.#unsuppressed(`${this.timestampId}${(this.output.storedAt ?? 0) / 1000}\n`);
      default: {
        if (this.absence !== undefined || this.plan === undefined) return "";
        return this.#unsuppressed(this.#texts[this.plan.families.indexOf(family)] ?? "");
      }
    }
  }

  #unsuppressed(text: string): string {
    if (this.suppressed.size === 0 || text === "") return text;
    const isSuppressed = (id: string): boolean => {
      for (const ids of this.suppressed.values()) if (ids.has(id)) return true;
      return false;
    };
    const lines = text.split("\n").filter((line) => {
      const end = line.lastIndexOf(" ") + 1;
      // A time stamp may stand behind the number.
      return (
        !isSuppressed(line.slice(0, end)) && !isSuppressed(line.slice(0, line.lastIndexOf(" ", end - 2) + 1))
      );
    });
    return lines.join("\n");
  }
}

function sample(family: Family, key: string, value: number): string {
  return `${samplePrefix(family.name, [["key", key]], "allow-utf-8")}${value}\n`;
}
