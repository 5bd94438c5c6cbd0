import { Gauge, type Registry } from "prom-client";
import type { MachineView } from "../workers/transport.ts";

/** What is read of a virtual machine at each scrape. */
export interface ObservedMachine {
  readonly functionName: string;
  /** Whether its worker is up. */
  readonly isUp: boolean;
  readonly view: MachineView;
}

/** Metric, what it says, and how it is read; undefined where the machine has not said it yet. */
const GAUGES: readonly (readonly [string, string, (machine: ObservedMachine) => number | undefined])[] = [
  ["up", "Whether the worker in a virtual machine is up (1) or starts (0).", ({ isUp }) => (isUp ? 1 : 0)],
  ["uptime_seconds", "For how long a virtual machine has run.", ({ view }) => view.uptimeSeconds],
  ["processors", "Processors of a virtual machine.", ({ view }) => view.processors],
  ["memory_size_bytes", "Memory of a virtual machine.", ({ view }) => view.memorySizeBytes],
  ["memory_bytes", "Memory that is in use in a virtual machine.", ({ view }) => view.usage?.memoryBytes],
  [
    "disk_size_bytes",
    "Disk of a virtual machine, which is in memory.",
    ({ view }) => view.usage?.diskSizeBytes,
  ],
  ["disk_bytes", "Disk that is in use in a virtual machine.", ({ view }) => view.usage?.diskBytes],
  [
    "load",
    "Processes that run or want to in a virtual machine, on average over a minute.",
    ({ view }) => view.usage?.load,
  ],
];

/** Virtual machines, one by one. */
export function registerMachineMetrics(
  registers: Registry[],
  observe: () => Iterable<ObservedMachine>,
): void {
  for (const [name, help, read] of GAUGES) {
    const gauge: Gauge<"function" | "machine"> = new Gauge({
      name: `gaugelet_machine_${name}`,
      help,
      labelNames: ["function", "machine"] as const,
      registers,
      collect: () => {
        gauge.reset();
        for (const each of observe()) {
          const value = read(each);
          if (value !== undefined) gauge.set({ function: each.functionName, machine: each.view.name }, value);
        }
      },
    });
  }
  const info: Gauge<"function" | "machine" | "accelerator"> = new Gauge({
    name: "gaugelet_machine_info",
    help: "Virtual machines, and what runs their code.",
    labelNames: ["function", "machine", "accelerator"] as const,
    registers,
    collect: () => {
      info.reset();
      for (const { functionName, view } of observe()) {
        info.set({ function: functionName, machine: view.name, accelerator: view.accelerator }, 1);
      }
    },
  });
}
