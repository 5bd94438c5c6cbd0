import { readFile } from "node:fs/promises";
import { IsolationError } from "../../errors.ts";
import { holdName } from "./hold-name.ts";

/** Those that workers get too: python/gaugelet_worker/isolation/users.py, which reserves them in the same way. */
const RANGES = [
  { first: 200_000, end: 265_536 },
  { first: 61_184, end: 65_520 },
] as const;
const TRIES = 1000;

/** A user id that nobody else has, for one machine. */
export interface UserId {
  readonly number: number;
  release(): void;
}

let next = 0;

/**
 * Reserve a user id, machine-wide: by an abstract socket, which is gone with this process.
 *
 * @returns undefined where this process may not change users: a machine is then this process's own user's.
 * @throws IsolationError where all are taken: it must not be root's instead.
 */
export async function reserveUserId(hold: typeof holdName = holdName): Promise<UserId | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const range = await mappedRange();
  if (range === undefined) return undefined;
  const size = range.end - range.first;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    // From the other end than workers.
    const number = range.end - 1 - (next++ % size);
    const reservation = await hold(`gaugelet-user-${number}`);
    if (reservation !== undefined) return { number, release: () => void reservation.close() };
  }
  throw new IsolationError(
    "no user id is free for a virtual machine: end functions, or workers of other runtimes here",
  );
}

async function mappedRange(): Promise<(typeof RANGES)[number] | undefined> {
  const text = await readFile("/proc/self/uid_map", "utf8").catch(() => "");
  const maps = text
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  return RANGES.find((range) =>
    maps.some(([first = 0, , count = 0]) => first <= range.first && range.end <= first + count),
  );
}
