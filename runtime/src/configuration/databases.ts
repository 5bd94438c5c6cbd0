import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ConfigurationError, validate } from "@gaugelet/shared/configuration";
import { readSecret } from "@gaugelet/shared/environment-files";
import { z } from "zod";
import type { DatabaseAddress } from "../database/database.ts";

const schema = z.object({
  GAUGELET_STATE_DIR: z.string().min(1).optional(),
  GAUGELET_CATALOG: z.enum(["on", "off"], "expected on or off").default("on"),
  DATABASE_URL: z.string().min(1).optional(),
  DATABASE_URL_FILE: z.string().min(1).optional(),
});

/** What a runtime keeps, and where. */
export interface KeptConfiguration {
  /** Folder that unpacked functions are kept in. */
  readonly stateFolder: string;
  /** Where functions that users make, and runs, are kept; undefined: there is no catalog and no API. */
  readonly database: DatabaseAddress | undefined;
}

/**
 * Where a runtime keeps what it keeps.
 *
 * @param environment without variables that are empty.
 * @param mayHaveCatalog false: there is none, whatever the environment says of databases.
 * @throws ConfigurationError that says which variable is wrong.
 */
export function keptFrom(environment: NodeJS.ProcessEnv, mayHaveCatalog: boolean): KeptConfiguration {
  const values = validate(schema, environment, "environment");
  const stateFolder = resolve(
    values.GAUGELET_STATE_DIR ?? join(tmpdir(), `gaugelet-${process.getuid?.() ?? "user"}`),
  );
  if (values.GAUGELET_CATALOG === "off" || !mayHaveCatalog) return { stateFolder, database: undefined };
  const url = readSecret("DATABASE_URL", values.DATABASE_URL, values.DATABASE_URL_FILE);
  if (url === undefined) return { stateFolder, database: embeddedIn(stateFolder) };
  if (!/^postgres(ql)?:$/.test(URL.parse(url)?.protocol ?? "")) {
    // It may hold a password, and is not shown.
    throw new ConfigurationError(
      "environment: DATABASE_URL: expected an address such as postgresql://user:password@host:5432/name",
    );
  }
  return { stateFolder, database: { kind: "postgresql", url } };
}

/**
 * The embedded database of a runtime, and the PostgreSQL that is to take its place.
 *
 * @throws ConfigurationError that says which variable is wrong.
 */
export function readDatabases(environment: NodeJS.ProcessEnv): {
  readonly embedded: Extract<DatabaseAddress, { kind: "embedded" }>;
  readonly postgresql: DatabaseAddress;
} {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const { stateFolder, database } = keptFrom({ ...set, GAUGELET_CATALOG: "on" }, true);
  if (database?.kind === "postgresql") return { embedded: embeddedIn(stateFolder), postgresql: database };
  throw new ConfigurationError("environment: DATABASE_URL: expected the PostgreSQL to copy into");
}

function embeddedIn(stateFolder: string): Extract<DatabaseAddress, { kind: "embedded" }> {
  return { kind: "embedded", folder: join(stateFolder, "database") };
}
