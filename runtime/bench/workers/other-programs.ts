import { readFileSync } from "node:fs";
import { type BenchRow, row } from "@gaugelet/testing/bench";
import { cpuSeconds } from "./process-tree.ts";

/**
 * Begin to watch; the returned function gives the CPU that programs other than this benchmark took since, and what a
 * host took that gives this machine its CPUs.
 */
export function watchOtherPrograms(): () => BenchRow[] {
  const used = (): { readonly others: number; readonly stolen: number } => {
    const { busy, stolen } = cpuTimes();
    return { others: busy - cpuSeconds(process.pid), stolen };
  };
  const [before, started] = [used(), performance.now()];
  return () => {
    const after = used();
    const cpus = (name: keyof typeof after): number =>
      (after[name] - before[name]) / ((performance.now() - started) / 1000);
    return [
      row("other programs meanwhile: CPUs in use", cpus("others"), ""),
      row("the machine's host meanwhile: CPUs taken away", cpus("stolen"), ""),
    ];
  };
}

/** Seconds that all CPUs together were busy (user, nice, system, interrupts), and that were stolen; see proc(5). */
function cpuTimes(): { readonly busy: number; readonly stolen: number } {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0, steal = 0] = (
    readFileSync("/proc/stat", "utf8").split("\n")[0] ?? ""
  )
    .split(/\s+/)
    .map(Number);
  return { busy: (user + nice + system + irq + softIrq) / 100, stolen: steal / 100 };
}
