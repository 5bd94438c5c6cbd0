import type { AnswerHead } from "../../answers.ts";
import type { MachineView } from "../../transport.ts";
import type { Machine } from "./machine.ts";
import type { Accelerator } from "./settings.ts";
import { canDouble, fullSince, type GrowthPolicy, isToGrow, type MachineSize } from "./sizes.ts";

/** For whom machines are. */
export interface MachinePurpose {
  /** Name of the function. */
  readonly functionName: string;
  /** When the next ones are larger; undefined: never. */
  readonly growth: GrowthPolicy | undefined;
}

/** A virtual machine that runs: what there is to see of it. */
export class RunningMachine {
  readonly name: string;
  readonly size: MachineSize;
  /** How often it is doubled, from what its function's limits take. */
  readonly doublings: number;
  readonly accelerator: Accelerator;
  readonly machine: Machine;
  /** QEMU's process; undefined while it starts. */
  pid: number | undefined;
  readonly #purpose: MachinePurpose;
  /** Seconds on the clock of performance.now(). */
  #fullSince: number | undefined;
  #usage: AnswerHead<"usage"> | undefined;
  readonly #started = performance.now();

  constructor(
    name: string,
    purpose: MachinePurpose,
    size: MachineSize,
    doublings: number,
    accelerator: Accelerator,
    machine: Machine,
  ) {
    this.name = name;
    this.#purpose = purpose;
    this.size = size;
    this.doublings = doublings;
    this.accelerator = accelerator;
    this.machine = machine;
  }

  /** The function that it runs. */
  get functionName(): string {
    return this.#purpose.functionName;
  }

  /** Whether its worker is up. */
  get isUp(): boolean {
    return this.pid !== undefined;
  }

  get view(): MachineView {
    return {
      name: this.name,
      accelerator: this.accelerator,
      processors: this.size.processors,
      memorySizeBytes: this.size.memoryBytes,
      uptimeSeconds: (performance.now() - this.#started) / 1000,
      usage: this.#usage === undefined ? null : readingOf(this.#usage),
    };
  }

  noteUsage(usage: AnswerHead<"usage">): void {
    this.#usage = usage;
    const { growth } = this.#purpose;
    if (growth === undefined) return;
    const look = {
      at: performance.now() / 1000,
      memoryRatio: usage.memoryTotalBytes > 0 ? usage.memoryBytes / usage.memoryTotalBytes : 0,
      processorRatio: usage.load / this.size.processors,
    };
    this.#fullSince = fullSince(this.#fullSince, look, growth);
  }

  /** Whether its function's next machines, which are doubled so often now, are to be doubled once more. */
  isToGrow(grown: number): boolean {
    const { growth } = this.#purpose;
    if (growth === undefined || !canDouble(this.size)) return false;
    return isToGrow(this.#fullSince, performance.now() / 1000, this.doublings, grown, growth);
  }
}

function readingOf({
  load,
  memoryBytes,
  diskBytes,
  diskTotalBytes,
}: AnswerHead<"usage">): NonNullable<MachineView["usage"]> {
  return { load, memoryBytes, diskBytes, diskSizeBytes: diskTotalBytes };
}
