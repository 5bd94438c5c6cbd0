import type { FunctionDefinition } from "../configuration/manifest.ts";

/** A function that a runtime is to have. It never changes: another one takes its place. */
export interface Deployable {
  readonly name: string;
  /**
   * `running`: from now on; `on-call`: it is called over HTTP alone and needs no worker until then, so that it is put
   * together by a call; `paused`: it is there, and is not called.
   */
  readonly mode: "running" | "on-call" | "paused";
  /** Whether its calls name a shard. */
  readonly isSharded: boolean;
  /** @throws ConfigurationError where it cannot be, by what the operator says now. */
  define(): FunctionDefinition;
}

/** A function that runs from now on. */
export function runningFunction(definition: FunctionDefinition): Deployable {
  const { name, state } = definition;
  return { name, mode: "running", isSharded: state === "partition", define: () => definition };
}

/** Undefined where it cannot be: that is told when it is to run. */
export function definitionOf(deployable: Deployable): FunctionDefinition | undefined {
  try {
    return deployable.define();
  } catch {
    return undefined;
  }
}

/** Whether calls of one that is not put together can wait until it is. */
export function mayBeCalled(deployable: Deployable): boolean {
  if (deployable.mode === "on-call") return true;
  return definitionOf(deployable)?.triggers.some((trigger) => "http" in trigger) ?? false;
}
