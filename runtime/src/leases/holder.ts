import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { statFields } from "@gaugelet/shared/process-stat";

/** Who holds leases: this process. */
export interface Holder {
  readonly id: string;
  /** The machine, its boot, and the set of processes that this one is among: whoever shares it can look others up. */
  readonly machine: string;
  /** The process in that set: its number and when it began, since numbers are given again. */
  readonly process: string;
  /** In words, for people. */
  readonly place: string;
}

/** This process. Where the system does not tell, nobody shares its machine. */
export function thisHolder(): Holder {
  const id = randomUUID();
  return {
    id,
    machine: machineName() ?? id,
    process: processName(String(process.pid)) ?? id,
    place: `process ${process.pid} on ${hostname()}`,
  };
}

/** Whether another holder is known to be gone: it was on this machine, and there is no such process any more. */
export function isKnownToBeGone(
  { machine, process: name }: Pick<Holder, "machine" | "process">,
  self: Holder,
): boolean {
  return machine === self.machine && processName(name.split(" ", 1)[0] ?? "") !== name;
}

function machineName(): string | undefined {
  return attempt(
    () =>
      `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${readlinkSync("/proc/self/ns/pid")}`,
  );
}

/** Number and start of a process; undefined where there is none. */
function processName(pid: string): string | undefined {
  return attempt(() => {
    const field = statFields(readFileSync(`/proc/${pid}/stat`, "utf8"));
    const [state, startTime] = [field(3), field(22)];
    // One that has ended and was not waited for does nothing any more.
    return state === "Z" ? undefined : `${pid} ${startTime}`;
  });
}

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
