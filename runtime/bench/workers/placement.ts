import { execFileSync } from "node:child_process";
import { cpus } from "node:os";
import { processTree } from "./process-tree.ts";

/**
 * Where the processes of a contender may run. What one event at a time takes depends on it threefold: between
 * processes on one CPU a message costs a change of context; between two it costs waking a halted CPU, unless
 * another program happens to keep that one awake. So `free` is what users have, and shows what the machine was doing
 * as well; `one CPU` repeats within 1 % (the floor against itself), and hides none of a program's own work.
 */
export type Placement = "free" | "one CPU";

/** Place a program and all that it started; what it starts later goes to the same place. */
export function place(root: number, placement: Placement): void {
  for (const pid of processTree(root)) {
    execFileSync("taskset", ["-acp", cpuList(placement), String(pid)], { stdio: "ignore" });
  }
}

/** The CPUs of a placement, as taskset takes them. */
export function cpuList(placement: Placement): string {
  return placement === "one CPU" ? "0" : `0-${cpus().length - 1}`;
}
