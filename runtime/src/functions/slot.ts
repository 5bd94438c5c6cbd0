import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { Deployable } from "./deployable.ts";

/** What becomes of a function's name: one step at a time, towards the newest wish. */
export class Slot {
  readonly name: string;
  /** Undefined: it is to be gone. */
  wanted: Deployable | undefined;
  /** What the last step made of it. */
  applied: Deployable | undefined;
  /** What it is once it was put together, also while it rests. */
  defined: FunctionDefinition | undefined;
  /** Whether a function that is put together by a call is to be so. */
  isAwake = false;
  /** Why it cannot be had as it is wanted, which was told. */
  problem: string | undefined;
  /** Steps that are under way. */
  settling: Promise<void> | undefined;

  constructor(name: string) {
    this.name = name;
  }

  /** Whether it is to be put together. */
  get isUp(): boolean {
    return this.wanted?.mode === "running" || (this.wanted?.mode === "on-call" && this.isAwake);
  }
}
