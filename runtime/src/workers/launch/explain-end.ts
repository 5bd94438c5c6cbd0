import { formatBytes, formatDuration } from "@gaugelet/shared/units";
import type { AnswerHead } from "../answers.ts";
import type { LimitName } from "../protocol.ts";
import type { LaunchSpec, WorkerEnd } from "../transport.ts";

/** How a process ended, as the operating system says it. */
export type ProcessEnd = Pick<AnswerHead<"ended">, "exitCode" | "signal" | "limit">;

/** The exit code of a Python worker that has no memory left; python/gaugelet_worker/serving.py. */
const MEMORY_IS_FULL = 117;

/** How a process ended, in words that follow "the function's process". */
export function explainEnd({ exitCode, signal, limit }: ProcessEnd, limits: LaunchSpec["limits"]): WorkerEnd {
  const isFull = exitCode === MEMORY_IS_FULL && limits.memory !== null;
  const reached = limit ?? (isFull ? "memory" : limitOfSignal(signal, limits));
  return { reason: reasonOf(exitCode, signal, reached, limits), limit: reached };
}

/** The end of a process that went over one of its limits, whatever the operating system says of it. */
export function endAtLimit(limit: LimitName, limits: LaunchSpec["limits"]): WorkerEnd {
  return explainEnd({ exitCode: null, signal: null, limit }, limits);
}

/** The system ends a process at some limits with a signal of their own. */
function limitOfSignal(signal: string | null, limits: LaunchSpec["limits"]): LimitName | undefined {
  if (signal === "SIGXCPU" && limits.cpu !== null) return "cpu";
  return signal === "SIGSYS" ? "syscall" : undefined;
}

function reasonOf(
  exitCode: number | null,
  signal: string | null,
  limit: LimitName | undefined,
  limits: LaunchSpec["limits"],
): string {
  if (limit === "memory") {
    const amount = limits.memory === null ? "" : ` of ${formatBytes(limits.memory)}`;
    return `used more memory than its limit${amount}; raise limits.memory or keep less`;
  }
  if (limit === "cpu") {
    const amount = limits.cpu === null ? "" : ` of ${formatDuration(limits.cpu)}`;
    return `used more processor time in one call than its limit${amount}; raise limits.cpu or do less`;
  }
  if (limit === "syscall" || signal === "SIGSYS") return "used a system call that its sandbox does not allow";
  if (signal !== null) return explainSignal(signal);
  return `ended with exit code ${exitCode}, as a call of exit in the function would make it`;
}

/** What a signal did to a process, in words that follow its name. */
export function explainSignal(signal: string): string {
  if (signal === "SIGKILL") {
    return "was killed by SIGKILL, from outside or because the machine ran out of memory";
  }
  if (signal === "SIGSEGV" || signal === "SIGABRT" || signal === "SIGBUS" || signal === "SIGTRAP") {
    return `crashed with ${signal}, a fault in native code`;
  }
  return `was ended by ${signal}`;
}
