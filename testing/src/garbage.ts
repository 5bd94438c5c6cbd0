import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Collects garbage now: all of it, or what is new alone, as V8 does by itself many times a second under load. */
export type CollectGarbage = (options?: { readonly type: "minor" }) => void;

/** What collects garbage, which V8 hides from programs that do not ask for it. */
export function garbageCollector(): CollectGarbage {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as CollectGarbage;
}
