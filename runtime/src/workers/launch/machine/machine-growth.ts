import type { Logger } from "pino";
import type { LaunchSpec } from "../../transport.ts";
import type { MachinePurpose, RunningMachine } from "./running-machine.ts";
import { describeSize, doubled, type MachineSize, sizeFor } from "./sizes.ts";

/** How large the next machine of each function is. */
export class MachineGrowth {
  readonly #prepare: (size: MachineSize) => Promise<unknown>;
  readonly #log: Logger;
  /** How often the machines of a function were doubled, by its name. */
  readonly #grown = new Map<string, number>();
  /** Functions whose next machines are about to be larger, or cannot be. */
  readonly #growing = new Set<string>();

  /** @param prepare makes what machines of a size are restored from. */
  constructor(prepare: (size: MachineSize) => Promise<unknown>, log: Logger) {
    this.#prepare = prepare;
    this.#log = log;
  }

  /** The size, and how often it is doubled from what the limits take; undefined where no machine is that large. */
  sizeOf(
    { functionName, growth }: MachinePurpose,
    limits: LaunchSpec["limits"],
    codeBytes: number,
  ): { readonly size: MachineSize; readonly grown: number } | undefined {
    const wanted = Math.min(this.#grown.get(functionName) ?? 0, growth?.mostDoublings ?? 0);
    // Its limits or its code may be larger than when it grew: then it is doubled as often as can be.
    for (let grown = wanted; grown >= 0; grown -= 1) {
      const size = sizeFor(limits, codeBytes, grown);
      if (size !== undefined) return { size, grown };
    }
    return undefined;
  }

  /** Make the function's next machines larger, where this one has been full for long enough. */
  async look(running: Pick<RunningMachine, "functionName" | "name" | "size" | "isToGrow">): Promise<void> {
    const { functionName, name, size } = running;
    const grown = this.#grown.get(functionName) ?? 0;
    if (this.#growing.has(functionName) || !running.isToGrow(grown)) return;
    this.#growing.add(functionName);
    const next = doubled(size);
    const whose = { function: functionName, machine: name };
    const isFull = `a virtual machine of ${describeSize(size)} is full`;
    try {
      // So that the next one need not wait until one of that size has booted, and stays as it is where none does.
      await this.#prepare(next);
      this.#grown.set(functionName, grown + 1);
      this.#growing.delete(functionName);
      this.#log.info(whose, `${isFull}: the function's next ones have ${describeSize(next)}`);
    } catch (error) {
      const reason = (error as Error).message;
      this.#log.warn(whose, `${isFull}, and the function's next ones are no larger: ${reason}`);
    }
  }
}
