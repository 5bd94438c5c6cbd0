import { dirname, extname, join, resolve } from "node:path";

const { dirname: FOLDER, filename } = import.meta;
const BYTES_PER_MEBIBYTE = 1024 * 1024;
/** What Node itself and the young objects take beside the heap of old ones. */
const BESIDE_HEAP_MEBIBYTES = 64;
const MIN_HEAP_MEBIBYTES = 16;

/** For whatever code of users: warnings that they cannot do anything about. */
export const NODE_ARGUMENTS: readonly string[] = [
  // A function in a file of its own has no package.json to say that it is a module.
  "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON",
  "--disable-warning=ExperimentalWarning",
];

/**
 * The arguments of Node for a worker.
 *
 * @param limits.memory of the process in bytes; null: none.
 */
export function nodeArguments(limits: { readonly memory: number | null }): string[] {
  return [...heapArguments(limits), ...NODE_ARGUMENTS, join(FOLDER, `main${extname(filename)}`)];
}

/** How much of a process' memory may be its heap. */
export function heapArguments(limits: { readonly memory: number | null }): string[] {
  return limits.memory === null ? [] : [`--max-old-space-size=${heapMebibytes(limits.memory)}`];
}

function heapMebibytes(memory: number): number {
  const mebibytes = Math.floor(memory / BYTES_PER_MEBIBYTE);
  return Math.max(mebibytes - BESIDE_HEAP_MEBIBYTES, Math.floor(mebibytes / 2), MIN_HEAP_MEBIBYTES);
}

/** The paths that a worker must be able to read besides the function's folder and the system's libraries. */
export const NODE_WORKER_FILES: readonly string[] = [
  process.execPath,
  FOLDER,
  join(dirname(FOLDER), "workers"),
  resolve(FOLDER, "../../package.json"),
];

/** Whether a line that a worker wrote to stderr says that its heap is at its limit. V8 then aborts the process. */
export function saysHeapIsFull(line: string): boolean {
  return line.startsWith("FATAL ERROR:") && line.includes("out of memory");
}
