import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { statFields } from "@gaugelet/shared/process-stat";

/** Another running process holds the lock. */
export class LockHeld extends Error {
  override readonly name = "LockHeld";
  readonly file: string;
  readonly pid: number;

  constructor(file: string, pid: number) {
    super(`process ${pid} holds ${file}`);
    this.file = file;
    this.pid = pid;
  }
}

/** A lock that this process holds. */
export interface Lock {
  /** True where the process that held it before ended without letting it go. */
  readonly wasAbandoned: boolean;
  release(): Promise<void>;
}

/** A process; its start time tells it from a later one that was given the same id. */
interface Owner {
  readonly pid: number;
  readonly started: string;
}

/**
 * Take a lock: a file that names its owner. One whose owner has ended is taken over.
 *
 * @throws LockHeld where its owner still runs.
 */
export async function takeLock(file: string): Promise<Lock> {
  const own = JSON.stringify({ pid: process.pid, started: await startTime(process.pid) } satisfies Owner);
  const draft = `${file}.${randomUUID()}`;
  let wasAbandoned = false;
  await writeFile(draft, own);
  try {
    // A link appears whole or not at all, so that nobody reads a half-written lock.
    while (!(await linkIfFree(draft, file))) {
      const found = await readIfThere(file);
      if (found === undefined) continue;
      const owner = parseOwner(found);
      if (owner !== undefined && (await isRunning(owner))) throw new LockHeld(file, owner.pid);
      wasAbandoned = true;
      await removeIfStill(file, found);
    }
  } finally {
    await rm(draft, { force: true });
  }
  return { wasAbandoned, release: () => rm(file, { force: true }) };
}

/** Do something while holding a lock, after waiting for whoever holds it. */
export async function withLock<Result>(
  file: string,
  options: { onWait: (pid: number) => void; signal?: AbortSignal | undefined },
  work: () => Promise<Result>,
): Promise<Result> {
  for (let told = false; ; told = true) {
    try {
      const lock = await takeLock(file);
      try {
        return await work();
      } finally {
        await lock.release();
      }
    } catch (error) {
      if (!(error instanceof LockHeld) || error.file !== file) throw error;
      if (!told) options.onWait(error.pid);
      await sleep(300, undefined, { signal: options.signal });
    }
  }
}

async function linkIfFree(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Remove an abandoned lock, but not one that somebody else put in its place in the meantime. */
async function removeIfStill(file: string, content: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if ((await readFile(aside, "utf8")) !== content) await linkIfFree(aside, file);
  await rm(aside, { force: true });
}

function parseOwner(text: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const { pid, started } = value as Owner;
    return Number.isInteger(pid) && typeof started === "string" ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}

async function isRunning(owner: Owner): Promise<boolean> {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return (await startTime(owner.pid)) === owner.started;
}

/** When a process started, in whatever form the system says it; "" where it does not say. */
async function startTime(pid: number): Promise<string> {
  try {
    if (process.platform === "linux") {
      // In clock ticks since boot.
      const startTime = statFields(await readFile(`/proc/${pid}/stat`, "utf8"))(22);
      const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8");
      return `${boot.trim()} ${startTime}`;
    }
    return (await promisify(execFile)("ps", ["-o", "lstart=", "-p", String(pid)])).stdout.trim();
  } catch {
    return "";
  }
}
