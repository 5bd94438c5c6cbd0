import { readFileSync } from "node:fs";
import { type BenchRow, row } from "@gaugelet/testing/bench";
import { cpuSeconds } from "./process-tree.ts";

/** Begin to watch; the returned function gives the CPU that programs other than this benchmark took since. */
export function watchOtherPrograms(): () => BenchRow {
  const others = (): number => busySeconds() - cpuSeconds(process.pid);
  const [before, started] = [others(), performance.now()];
  return () => {
    const cpus = (others() - before) / ((performance.now() - started) / 1000);
    return row("other programs meanwhile: CPUs in use", cpus, "");
  };
}

/** Seconds that all CPUs together were busy: user, nice, system, interrupts; see proc(5). */
function busySeconds(): number {
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = (
    readFileSync("/proc/stat", "utf8").split("\n")[0] ?? ""
  )
    .split(/\s+/)
    .map(Number);
  return (user + nice + system + irq + softIrq) / 100;
}
