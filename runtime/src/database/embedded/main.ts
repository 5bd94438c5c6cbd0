// The process of the embedded database: PGlite, for one connection, which is descriptor 3.
//
// Usage: main.ts folder
//
// Says `ready` on standard output once it serves, and ends when the connection does.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { realpath } from "node:fs/promises";
import { createServer, Socket } from "node:net";
import { PGlite } from "@electric-sql/pglite";
import { serveConnection } from "./serve-connection.ts";

/** Longest time that closing may take, in milliseconds: where its folder is gone, it comes to no end. */
const CLOSE_MILLISECONDS = 60_000;

const [folder = ""] = process.argv.slice(2);
// Signals to the group are for the runtime, which ends this in its own time.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});

if (await isMine(await realpath(folder))) {
  const database = await PGlite.create(folder);
  const connection = new Socket({ fd: 3 });
  const served = serveConnection(connection, (message) => database.execProtocolRaw(message));
  process.stdout.write("ready\n");
  await served;
  setTimeout(() => process.exit(1), CLOSE_MILLISECONDS);
  await database.close();
} else process.stdout.write("in use\n");
process.exit(0);

/**
 * Whether no other process on this machine has the database of this folder. The kernel forgets a name of Linux's own
 * kind with the process that has it; elsewhere nothing is checked.
 */
async function isMine(path: string): Promise<boolean> {
  if (process.platform !== "linux") return true;
  const name = createHash("sha256").update(path).digest("hex");
  const holder = createServer().listen(`\0gaugelet-database-${name}`);
  return await once(holder, "listening").then(
    () => true,
    () => false,
  );
}
