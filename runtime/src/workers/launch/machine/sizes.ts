import { formatBytes } from "@gaugelet/shared/units";
import type { LaunchHead } from "../../protocol.ts";

const MIB = 1024 ** 2;
/** What a machine takes for its kernel, its first program and what is imported, and a worker for its start. */
const OWN_BYTES = 192 * MIB;
/** Where a function has no limit. */
const USUAL_BYTES = 256 * MIB;
const SMALLEST_BYTES = 256 * MIB;
const LARGEST_BYTES = 16 * 1024 * MIB;
const MOST_PROCESSORS = 8;

/** How large a machine is. */
export interface MachineSize {
  readonly memoryBytes: number;
  readonly processors: number;
}

/**
 * The machine for a function with these limits: memory is a power of two, so that few saved machines serve all
 * functions.
 *
 * @param codeBytes of the function's files, which are in memory there.
 * @param grown how often its machines have been doubled.
 * @returns undefined where no machine is that large.
 */
export function sizeFor(
  { memory, disk }: Pick<LaunchHead["limits"], "memory" | "disk">,
  codeBytes: number,
  grown = 0,
): MachineSize | undefined {
  const wanted = OWN_BYTES + (memory ?? USUAL_BYTES) + (disk ?? 0) + 2 * codeBytes;
  let memoryBytes = SMALLEST_BYTES;
  while (memoryBytes < wanted) memoryBytes *= 2;
  let size: MachineSize = { memoryBytes, processors: 1 };
  for (let times = 0; times < grown; times += 1) size = doubled(size);
  return size.memoryBytes > LARGEST_BYTES ? undefined : size;
}

/** Whether there are machines that are twice as large. */
export function canDouble({ memoryBytes }: MachineSize): boolean {
  return 2 * memoryBytes <= LARGEST_BYTES;
}

/** Twice as large. */
export function doubled({ memoryBytes, processors }: MachineSize): MachineSize {
  return { memoryBytes: 2 * memoryBytes, processors: Math.min(2 * processors, MOST_PROCESSORS) };
}

/** A size in words: `256Mi`, with processors where there are several. */
export function describeSize({ memoryBytes, processors }: MachineSize): string {
  return processors === 1
    ? formatBytes(memoryBytes)
    : `${formatBytes(memoryBytes)} and ${processors} processors`;
}

/** When a function's next machines are twice as large. */
export interface GrowthPolicy {
  /** A machine that uses more than this part of its memory, or of its processors' time, is full; from 0 to 1. */
  readonly utilization: number;
  /** For so many seconds it must have been full. */
  readonly for: number;
  /** How often they may be doubled, from what the function's limits take. */
  readonly mostDoublings: number;
}

/** One look at a machine: of its memory, and of its processors' time, what part is used, from 0 to 1. */
export interface Look {
  /** Seconds on any clock that only goes on. */
  readonly at: number;
  readonly memoryRatio: number;
  readonly processorRatio: number;
}

/** Since when a machine has been full: undefined where it is not. */
export function fullSince(
  since: number | undefined,
  { at, memoryRatio, processorRatio }: Look,
  { utilization }: Pick<GrowthPolicy, "utilization">,
): number | undefined {
  const isFull = memoryRatio > utilization || processorRatio > utilization;
  return isFull ? (since ?? at) : undefined;
}

/**
 * Whether the next machines of a function are to be twice as large as this one.
 *
 * @param since when it has been full.
 * @param at now, on the same clock.
 * @param doublings how often it is doubled itself.
 * @param grown how often the next ones are, as it is: while they are larger already, one of before asks for no more.
 */
export function isToGrow(
  since: number | undefined,
  at: number,
  doublings: number,
  grown: number,
  policy: GrowthPolicy,
): boolean {
  return (
    since !== undefined && at - since >= policy.for && doublings === grown && grown < policy.mostDoublings
  );
}
