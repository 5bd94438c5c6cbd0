import type { RequestListener } from "node:http";
import { join } from "node:path";
import { keepFirstToken } from "../access/first-token.ts";
import { MissingSecretsError, type SecretsOf } from "../catalog/door.ts";
import { CatalogFollower } from "../catalog/follower.ts";
import { readPackage } from "../catalog/packages.ts";
import type { CatalogParts } from "../catalog/parts.ts";
import { type DatabaseAddress, openDatabase } from "../database/database.ts";
import { checkUpload } from "../packages/upload/check-upload.ts";
import { authenticator } from "./authentication.ts";
import type { Route } from "./route.ts";
import { aliasRoutes } from "./routes/aliases.ts";
import { functionRoutes } from "./routes/functions.ts";
import { metaRoutes } from "./routes/meta.ts";
import { versionRoutes } from "./routes/versions.ts";
import { apiServer } from "./server.ts";
import type { ApiParts } from "./start.ts";

/** What users make and look at: all that is behind the API. */
export interface ControlPlane {
  readonly listener: RequestListener;
  stop(): Promise<void>;
}

/** Open the database, and put together what answers the API from it. */
export async function openControlPlane(
  address: DatabaseAddress,
  { configuration, functions, catalog, log }: ApiParts,
): Promise<ControlPlane> {
  const started = performance.now();
  const database = await openDatabase(address, log);
  const { db, kind, place } = database;
  const firstToken = join(configuration.stateFolder, "admin-token");
  await keepFirstToken(db, firstToken);
  const { operator, python, allowedUrlHosts } = configuration;
  const follower = new CatalogFollower({ db, functions, operator, log });
  const parts: CatalogParts = {
    db,
    functions,
    operator,
    file: configuration.file?.files[0] ?? "the configuration file",
    checkUpload: (upload, about, signal) =>
      checkUpload(upload, about, { python, urlPolicy: { allowed: allowedUrlHosts } }, signal),
    secretsOf: noSecrets,
    // What is committed is followed soon, whatever becomes of this look.
    follow: () => follower.look().catch(() => {}),
  };
  catalog.open({ readPackage: (digest) => readPackage(db, digest), secretsOf: parts.secretsOf });
  await follower.start();
  const routes: Route[] = [...functionRoutes(parts), ...versionRoutes(parts), ...aliasRoutes(parts)];
  routes.push(...metaRoutes(routes));
  const milliseconds = Math.round(performance.now() - started);
  log.info(
    { database: kind, place },
    `the API is ready after ${milliseconds} ms; the administrator's token is in ${firstToken}`,
  );
  return {
    listener: apiServer({ routes, authenticate: authenticator(db), log }),
    async stop() {
      await follower.stop();
      await database.stop();
    },
  };
}

/** Nobody has any secrets yet. */
const noSecrets: SecretsOf = async (owner, names) => {
  if (names.length > 0) throw new MissingSecretsError(owner, names);
  return {};
};
