import { inspect, types } from "node:util";
import { classNameOf, cut } from "./values.ts";

/** An error's text goes into a log line and onto a page. */
const MAX_MESSAGE_CHARACTERS = 2_000;
const MAX_DETAILS_CHARACTERS = 32_000;
/** How many errors are told of one: itself, what caused it, and what it stands for. */
const MAX_CAUSES = 5;
const FRAME = "\n    at ";
/** Folder of the worker's own code, as stacks name it. */
const OWN_CODE = import.meta.url.slice(0, import.meta.url.lastIndexOf("/") + 1);
/** What Node itself does between a function's lines, and around it while it loads it. */
const NODE_FRAME = /node:(?:internal|diagnostics_channel)/;
const LIMIT_OF_CODE: ReadonlyMap<unknown, string> = new Map([
  ["EMFILE", "openFiles"],
  ["ENFILE", "openFiles"],
  ["ENOSPC", "disk"],
  ["EDQUOT", "disk"],
  ["EFBIG", "disk"],
  ["ENOMEM", "memory"],
  ["ERR_MEMORY_ALLOCATION_FAILED", "memory"],
  ["ERR_WORKER_OUT_OF_MEMORY", "memory"],
]);

/** What went wrong, in one line or a few: `TypeError: not this`. Functions may throw anything. */
export function describe(error: unknown): string {
  try {
    if (error instanceof ExitCall) return error.message;
    if (!isError(error)) {
      const shown =
        typeof error === "string"
          ? JSON.stringify(error)
          : inspect(error, { depth: 1, breakLength: Number.POSITIVE_INFINITY });
      return cut(
        `${shown} was thrown; throw an Error instead, which says where it came from`,
        MAX_MESSAGE_CHARACTERS,
      );
    }
    const name = error.name === "Error" ? (classNameOf(error) ?? error.name) : error.name;
    return cut(error.message === "" ? name : `${name}: ${error.message}`, MAX_MESSAGE_CHARACTERS);
  } catch {
    return "an error that cannot be shown";
  }
}

/** The stack of the function's own code, and those of the causes and of errors that it stands for; "": there is none. */
export function stackOf(error: unknown): string {
  const stacks: string[] = [];
  try {
    const rest: { readonly label: string; readonly each: unknown }[] = [{ label: "", each: error }];
    for (let next = rest.shift(); next !== undefined && stacks.length < MAX_CAUSES; next = rest.shift()) {
      const { label, each } = next;
      if (!isError(each)) continue;
      stacks.push(label + ownStack(each));
      for (const part of partsOf(each)) rest.push({ label: "One of its errors: ", each: part });
      rest.push({ label: "Caused by: ", each: each.cause });
    }
  } catch {
    // A stack or a cause that cannot be read.
  }
  return cut(stacks.join("\n"), MAX_DETAILS_CHARACTERS);
}

/** Whether it is an error, of whatever realm: what runs in `node:vm` has errors of its own. */
function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}

/** Of `Promise.any`, and of a connection that was tried at several addresses: the message of the whole says little. */
function partsOf(error: Error): readonly unknown[] {
  const { errors } = error as { errors?: unknown };
  return error instanceof AggregateError && Array.isArray(errors) ? errors.slice(0, MAX_CAUSES) : [];
}

/** The stack without what the worker and Node itself do around the function and between its lines. */
function ownStack(error: Error): string {
  const stack = String(error.stack);
  const end = stack.indexOf(FRAME);
  const header = cut(end === -1 ? stack : stack.slice(0, end), MAX_MESSAGE_CHARACTERS);
  const frames = end === -1 ? [] : stack.slice(end).split("\n");
  return [header, ...frames.filter((line) => !line.includes(OWN_CODE) && !NODE_FRAME.test(line))]
    .filter((line) => line !== "")
    .join("\n");
}

/**
 * Let the stack of whatever error end with the function's code, wherever it is shown: `console.error(error)` too
 * would tell how the worker calls the function.
 */
export function endStacksAtFunction(): void {
  const prepare = Error.prepareStackTrace?.bind(Error);
  if (prepare === undefined) return;
  Error.prepareStackTrace = (error, frames) => prepare(error, frames.slice(0, endOfFunction(frames)));
}

/** How many frames are of the function or above it: all, where the worker is not below it, or it is not in it. */
function endOfFunction(frames: readonly NodeJS.CallSite[]): number {
  const isOwn = (frame: NodeJS.CallSite): boolean => frame.getFileName()?.startsWith(OWN_CODE) === true;
  const isNode = (frame: NodeJS.CallSite): boolean => frame.getFileName()?.startsWith("node:") === true;
  const end = frames.findLastIndex((frame) => !isOwn(frame) && !isNode(frame)) + 1;
  return end > 0 && frames.slice(end).some(isOwn) ? end : frames.length;
}

/** The name of the limit, where the error, or one that it was caused by, is one of resources. */
export function limitOf(error: unknown): string | undefined {
  try {
    let each = error;
    for (let depth = 0; each instanceof Error && depth < MAX_CAUSES; depth += 1) {
      const { code, syscall } = each as NodeJS.ErrnoException;
      const limit = LIMIT_OF_CODE.get(code);
      if (limit !== undefined) return limit;
      if (code === "EAGAIN" && syscall?.startsWith("spawn") === true) return "processes";
      if (code === "ERR_WORKER_INIT_FAILED") return limitOfThread(each.message);
      if (each instanceof RangeError && each.message.includes("allocation failed")) return "memory";
      each = each.cause;
    }
  } catch {
    // An error that cannot be read.
  }
  return undefined;
}

/** Why a thread could not be started: Node says the system's reason as the message, or at its end. */
function limitOfThread(message: string): string | undefined {
  const reason = /\bE[A-Z]+$/.exec(message)?.[0];
  return reason === "EAGAIN" ? "processes" : LIMIT_OF_CODE.get(reason);
}

/** The function called `process.exit`: that ends a call, not the worker. */
export class ExitCall extends Error {
  constructor(code: number | string | null | undefined) {
    super(`handler called process.exit(${code ?? ""}); return instead`);
  }
}
