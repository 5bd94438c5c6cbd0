import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { statFields } from "@gaugelet/shared/process-stat";

const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** The fields of proc(5)'s stat that count here. */
interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly cpuTicks: number;
}

/** A process and all its descendants, as they are now. */
export function processTree(root: number): number[] {
  return tree(root).map(({ pid }) => pid);
}

/**
 * CPU time of a process and of its descendants, those included that ended and were waited for.
 *
 * @returns seconds, in steps of the kernel's clock tick (10 ms).
 */
export function cpuSeconds(root: number): number {
  return tree(root).reduce((sum, { cpuTicks }) => sum + cpuTicks, 0) / TICKS_PER_SECOND;
}

/** Private memory of a process: what it would give back if it ended. */
export function privateBytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return [...rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)].reduce(
    (sum, [, kilobytes]) => sum + Number(kilobytes) * 1024,
    0,
  );
}

/** Memory that a process holds, shared libraries included. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

function tree(root: number): Stat[] {
  const all = readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? readStat(name) : []));
  const members = all.filter(({ pid }) => pid === root);
  // Grows while it is walked: children follow their parents.
  for (const { pid } of members) members.push(...all.filter(({ parent }) => parent === pid));
  return members;
}

function readStat(pid: string): Stat[] {
  try {
    const field = statFields(readFileSync(`/proc/${pid}/stat`, "utf8"));
    // utime, stime, cutime, cstime
    const cpuTicks = [14, 15, 16, 17].reduce((sum, number) => sum + Number(field(number)), 0);
    return [{ pid: Number(pid), parent: Number(field(4)), cpuTicks }];
  } catch {
    // It ended meanwhile.
    return [];
  }
}
