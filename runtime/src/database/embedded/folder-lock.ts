// That one process only has the database of a folder.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { openSync } from "node:fs";
import { createServer } from "node:net";

/** What flock ends with where another has the lock. */
const LOCKED = 1;

/**
 * Whether no other process has the database of this folder: two would spoil it. The kernel forgets with a process what
 * it has of both ways. Elsewhere than on Linux nothing is checked.
 */
export async function isMine(path: string): Promise<boolean> {
  if (process.platform !== "linux") return true;
  return (await hasName(path)) && hasLock(path);
}

/** By a name of Linux's own kind, which those share that share a network. */
async function hasName(path: string): Promise<boolean> {
  const name = createHash("sha256").update(path).digest("hex");
  const holder = createServer().listen(`\0gaugelet-database-${name}`);
  return await once(holder, "listening").then(
    () => true,
    () => false,
  );
}

/** By a lock, for containers that have a volume together. It stays with the descriptor, which is never closed. */
function hasLock(path: string): boolean {
  const folder = openSync(path, "r");
  const { status } = spawnSync("flock", ["--nonblock", "3"], {
    stdio: ["ignore", "ignore", "ignore", folder],
  });
  // Where there is no such program, or no locks on this file system, the name has to do.
  return status !== LOCKED;
}
