import { defaultOutputKey, isReservedKey } from "@gaugelet/shared/keys";
import type { FunctionDefinition } from "../configuration/manifest.ts";

/** What output keys of functions that name none begin with. */
const USUAL = defaultOutputKey("");

/**
 * Whether an output key is one that Gaugelet needs itself, or the usual one of another function: the text of a shard,
 * or a key of the catalog from before such were refused, may make it that.
 */
export function isForeignKey(
  outputKey: string,
  { name, outputKey: pattern, source }: Pick<FunctionDefinition, "name" | "outputKey" | "source">,
): boolean {
  if (isReservedKey(outputKey)) return true;
  const own = defaultOutputKey(name);
  if (!outputKey.startsWith(USUAL) || outputKey === own || outputKey.startsWith(`${own}:`)) return false;
  // In a file an operator may say so.
  return source.kind === "stored" || !pattern.startsWith(USUAL);
}
