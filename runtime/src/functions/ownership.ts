import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { TriggerSpec } from "../configuration/triggers.ts";

/** Who handles what a trigger brings, where several runtimes have the same function. */
export interface Ownership {
  /** Triggers whose events one of the runtimes handles, which holds a lease. */
  readonly owned: readonly TriggerSpec[];
  /** Triggers whose events are shared among them by themselves, or come to one of them anyway. */
  readonly shared: readonly TriggerSpec[];
  /** Whether the owner alone writes, so that what it stores can prove that it is the owner. */
  readonly isExclusive: boolean;
}

/**
 * Divide a function's triggers. Keys, schedules and queries would come to every runtime; streams are read by one. An
 * `env` that calls over HTTP change has one owner; the members of a Kafka group share partitions, each with the `env`
 * of its own, or with none.
 *
 * @param sharesPartitions whether the members of a group share a topic's partitions by themselves.
 */
export function divide(
  { triggers, state }: Pick<FunctionDefinition, "triggers" | "state">,
  sharesPartitions: boolean,
): Ownership {
  const isShared = (trigger: TriggerSpec): boolean => {
    if ("http" in trigger) return state === "none";
    return "topic" in trigger && sharesPartitions && state !== "function";
  };
  const owned = triggers.filter((trigger) => !isShared(trigger));
  const shared = triggers.filter(isShared);
  return { owned, shared, isExclusive: owned.length > 0 && shared.length === 0 };
}
