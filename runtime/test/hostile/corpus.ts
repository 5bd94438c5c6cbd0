import type { HostileCase } from "./case.ts";
import { DESCRIPTORS } from "./cases/descriptors.ts";
import { DISK } from "./cases/disk.ts";
import { FILES } from "./cases/files.ts";
import { INTERPRETER } from "./cases/interpreter.ts";
import { KERNEL } from "./cases/kernel.ts";
import { MEMORY } from "./cases/memory.ts";
import { NETWORK } from "./cases/network.ts";
import { PROCESSES } from "./cases/processes.ts";
import { TIME } from "./cases/time.ts";
import { VALUES } from "./cases/values.ts";

/** All hostile functions, by what they go for. */
export const CORPUS = {
  Files: FILES,
  Network: NETWORK,
  Processes: PROCESSES,
  Time: TIME,
  Memory: MEMORY,
  "Disk and open files": DISK,
  "The way to the runtime": DESCRIPTORS,
  Values: VALUES,
  "Its own process": INTERPRETER,
  Kernel: KERNEL,
} as const satisfies Readonly<Record<string, readonly HostileCase[]>>;
