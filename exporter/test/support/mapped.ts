import { OutputStore } from "../../src/exposition/output-store.ts";
import type { Dialect } from "../../src/exposition/text.ts";
import { DEFAULT_LIMITS, type Limits } from "../../src/limits.ts";
import { loadRules, type Rule } from "../../src/mapping/rules.ts";
import type { Output } from "../../src/outputs/output.ts";

const defaultRules = await loadRules();

export interface MappedOptions {
  readonly rules?: readonly Rule[];
  readonly limits?: Partial<Limits>;
  readonly dialect?: Dialect;
  readonly allowList?: boolean;
}

/** A store without a source, and what it was told to drop. */
export function makeStore({ rules = defaultRules, limits = {}, allowList = false }: MappedOptions = {}): {
  readonly store: OutputStore;
  readonly drops: string[];
} {
  const drops: string[] = [];
  const listener = {
    onDrop: (reason: string): void => void drops.push(reason),
    onRender: () => {},
    onFailure: () => {},
  };
  const options = { rules, limits: { ...DEFAULT_LIMITS, ...limits }, allowList, listener };
  return { store: new OutputStore(options), drops };
}

/** An output of the function `f`. */
export function outputOf(output: Partial<Output> = {}): Output {
  return {
    key: "k",
    functionName: "f",
    shard: undefined,
    host: undefined,
    storedAt: undefined,
    staleAfter: undefined,
    ...output,
  };
}

/** The samples of an output, by metric, and what is dropped of it; by default with the default rules. */
export function mapped(
  value: unknown,
  output: Partial<Output> = {},
  options: MappedOptions = {},
): { lines: string[]; drops: string[] } {
  const { store, drops } = makeStore(options);
  const whole = outputOf(output);
  store.describe(whole);
  store.put(whole.key, { bytes: Buffer.from(typeof value === "string" ? value : JSON.stringify(value)) }, 0);
  return { lines: sampleLines(textOf(store, options.dialect)), drops };
}

export function textOf(
  store: OutputStore,
  dialect: Dialect = { format: "text", scheme: "underscores" },
): string {
  return Buffer.concat(store.pieces(dialect)).toString();
}

/** Lines of samples, without those about the output itself. */
export function sampleLines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !/^#|^gaugelet_+exporter/.test(line));
}
