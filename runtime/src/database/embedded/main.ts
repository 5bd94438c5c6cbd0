// The process of the embedded database: PGlite, for one connection, which is descriptor 3.
//
// Usage: main.ts folder
//
// Says `ready` on standard output once it serves, and ends when the connection does.
import { existsSync } from "node:fs";
import { readdir, realpath, rm, writeFile } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { isMine } from "./folder-lock.ts";
import { serveConnection } from "./serve-connection.ts";

/** Longest time that closing may take, in milliseconds: where its folder is gone, it comes to no end. */
const CLOSE_MILLISECONDS = 60_000;
/** Where something can be written. */
const WHAT_TO_DO = "restore the folder from a backup, or move it away to begin with an empty catalog";
/** As much as PostgreSQL writes at least, to a file of its log. */
const PROBE_BYTES = 16 * 1024 ** 2;

const [folder = ""] = process.argv.slice(2);
// Signals to the group are for the runtime, which ends this in its own time.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
// Where the runtime has been killed nobody reads what this says, and the database is closed all the same.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

// PGlite does not follow a link to it.
const place = await realpath(folder).catch(giveUp);
const isFree = await isMine(place).catch(giveUp);
if (isFree) {
  const database = await openOrMake(place).catch(giveUp);
  const connection = new Socket({ fd: 3 });
  const served = serveConnection(connection, (message) => database.execProtocolRaw(message));
  process.stdout.write("ready\n");
  await served.catch(({ message }: Error) => process.stderr.write(`${message}\n`));
  setTimeout(() => process.exit(1), CLOSE_MILLISECONDS);
  await database.close();
} else process.stdout.write("in use\n");
process.exit(0);

/** Say why it cannot be opened, and end. */
async function giveUp({ message }: Error): Promise<never> {
  // Its stack would be a page of code, as PGlite's is on one line.
  const reason = (await whyNotWritable(folder)) ?? `${message}; ${WHAT_TO_DO}`;
  process.stdout.write(`${reason}\n`, () => process.exit(1));
  return new Promise<never>(() => {});
}

/**
 * Open the database of a folder, which is made where there is none. One whose making was cut off is made anew: nobody
 * has had it.
 */
async function openOrMake(path: string): Promise<PGlite> {
  // PostgreSQL's own way to tell that the folder is in use, which is known here already. One that is empty, as it is
  // for a moment while PostgreSQL starts, would keep the database shut for good.
  await rm(join(path, "postmaster.pid"), { force: true });
  const unfinished = join(path, "unfinished");
  if (existsSync(unfinished)) await emptyFolder(path);
  else if ((await readdir(path)).length > 0) return await PGlite.create(path);
  await writeFile(unfinished, "");
  const database = await PGlite.create(path);
  await rm(unfinished);
  return database;
}

/** Why nothing can be written to a folder, which PGlite does not say; undefined: something can. */
async function whyNotWritable(path: string): Promise<string | undefined> {
  const probe = join(path, "probe");
  try {
    await writeFile(probe, Buffer.alloc(PROBE_BYTES));
    return undefined;
  } catch (error) {
    return `nothing can be written there: ${(error as Error).message}`;
  } finally {
    await rm(probe, { force: true }).catch(() => {});
  }
}

async function emptyFolder(path: string): Promise<void> {
  for (const name of await readdir(path)) await rm(join(path, name), { recursive: true });
}
