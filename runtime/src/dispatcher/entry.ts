import type { OutputEntry } from "@gaugelet/shared/outputs";
import type { FunctionDefinition } from "../configuration/manifest.ts";

/** What readers are told of an output that is stored now. */
export function entryOf(definition: FunctionDefinition, shard: string, version: string): OutputEntry {
  const named = shard === "" ? definition.node : shard;
  return {
    function: definition.name,
    version,
    storedAt: Date.now(),
    staleAfter: definition.staleAfter,
    ...(named === undefined ? {} : { shard: named }),
  };
}
