// Moves from the embedded database to a PostgreSQL.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import { pino } from "pino";
import { readDatabases } from "../configuration/databases.ts";
import { openDatabase } from "../database/database.ts";
import { explainDatabaseError } from "../database/explain.ts";
import { copyDatabase, type OnCopied } from "./copy-database.ts";

const TELL_EVERY_MILLISECONDS = 2_000;

/** 0: all is copied; 1: nothing is. */
process.exitCode = await copy(process.env).then(
  () => 0,
  (error: unknown) => {
    console.error(error instanceof ConfigurationError ? error.message : explainDatabaseError(error));
    return 1;
  },
);

async function copy(environment: NodeJS.ProcessEnv): Promise<void> {
  const { embedded, postgresql } = readDatabases(environment);
  requireDatabase(embedded.folder);
  const log = pino({ enabled: false });
  const source = await openDatabase(embedded, log);
  try {
    const target = await openDatabase(postgresql, log);
    try {
      console.log(`copying ${source.place} to ${target.place}`);
      const rows = await copyDatabase(source.db, target.db, progress());
      console.log(
        `done: ${rows} rows. Start the runtime with this DATABASE_URL, and the key of secrets as before.`,
      );
    } finally {
      await target.stop();
    }
  } finally {
    await source.stop();
  }
}

function requireDatabase(folder: string): void {
  if (existsSync(join(folder, "PG_VERSION"))) return;
  throw new ConfigurationError(
    `there is no embedded database in ${folder}: set GAUGELET_STATE_DIR to the runtime's; that of npm start is .gaugelet`,
  );
}

/** Tells of what takes long. */
function progress(): OnCopied {
  let told = performance.now();
  return (table, rows, ofAll) => {
    if (performance.now() - told < TELL_EVERY_MILLISECONDS) return;
    told = performance.now();
    console.log(`${table}: ${rows} of ${ofAll} rows`);
  };
}
