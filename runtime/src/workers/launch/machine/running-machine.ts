import type { AnswerHead } from "../../answers.ts";
import type { MachineView } from "../../transport.ts";
import type { Machine } from "./machine.ts";
import type { Accelerator } from "./settings.ts";
import { fullSince, type MachineSize } from "./sizes.ts";

/** A virtual machine that runs: what there is to see of it. */
export class RunningMachine {
  readonly name: string;
  /** The function that it runs. */
  readonly functionName: string;
  readonly size: MachineSize;
  readonly accelerator: Accelerator;
  readonly machine: Machine;
  /** QEMU's process; undefined while it starts. */
  pid: number | undefined;
  /** Seconds on the clock of performance.now(), since when it has been full; undefined: it is not. */
  fullSince: number | undefined;
  #usage: AnswerHead<"usage"> | undefined;
  readonly #started = performance.now();

  constructor(
    name: string,
    functionName: string,
    size: MachineSize,
    accelerator: Accelerator,
    machine: Machine,
  ) {
    this.name = name;
    this.functionName = functionName;
    this.size = size;
    this.accelerator = accelerator;
    this.machine = machine;
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
    this.fullSince = fullSince(this.fullSince, {
      at: performance.now() / 1000,
      memoryRatio: usage.memoryTotalBytes > 0 ? usage.memoryBytes / usage.memoryTotalBytes : 0,
      processorRatio: usage.load / this.size.processors,
    });
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
