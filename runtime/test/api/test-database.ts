import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "@gaugelet/testing/postgres-server";
import { pino } from "pino";
import { type DatabaseAddress, openDatabase } from "../../src/database/database.ts";
import { ROOT } from "../integration/harness.ts";

/** The databases that everything behind the API works with. */
export const DATABASES = ["embedded", "postgresql"] as const;
export type DatabaseKind = (typeof DATABASES)[number];

const MADE = join(ROOT, ".gaugelet/test-databases");

/**
 * A new folder with an embedded database that has its tables and nothing in them: a copy of one that is made once, and
 * again where PGlite or the tables change, since to make one takes seconds of a processor.
 */
export async function emptyEmbedded(): Promise<string> {
  const made = join(MADE, await key());
  await stat(made).catch(() => make(made));
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-database-"));
  await cp(made, folder, { recursive: true });
  return folder;
}

/** A new database of a kind, for those who open it themselves. */
export async function startDatabase(kind: DatabaseKind): Promise<StartedDatabase> {
  if (kind === "embedded") {
    const folder = await emptyEmbedded();
    return { address: { kind, folder }, stop: () => rm(folder, { recursive: true }) };
  }
  const postgres = await startPostgres();
  return { address: { kind, url: await postgres.newDatabase() }, stop: () => postgres.stop() };
}

/** Where a database is, until it is stopped. */
export interface StartedDatabase {
  readonly address: DatabaseAddress;
  stop(): Promise<void>;
}

async function make(path: string): Promise<void> {
  await mkdir(MADE, { recursive: true });
  const folder = await mkdtemp(`${path}-`);
  await (await openDatabase({ kind: "embedded", folder }, pino({ enabled: false }))).stop();
  // Another process of tests may have come first.
  await rename(folder, path).catch(() => rm(folder, { recursive: true }));
}

async function key(): Promise<string> {
  const files = [
    join(ROOT, "node_modules/@electric-sql/pglite/package.json"),
    join(ROOT, "runtime/migrations/meta/_journal.json"),
  ];
  const hash = createHash("sha256");
  for (const file of files) hash.update(await readFile(file));
  return hash.digest("hex").slice(0, 16);
}
