import type { RequestListener } from "node:http";
import { join } from "node:path";
import { keepFirstToken } from "../access/first-token.ts";
import { type DatabaseAddress, openDatabase } from "../database/database.ts";
import { authenticator } from "./authentication.ts";
import { operationRoutes } from "./operation-routes.ts";
import type { Route } from "./route.ts";
import { metaRoutes } from "./routes/meta.ts";
import { apiServer } from "./server.ts";
import type { ApiParts } from "./start.ts";

/** What users make and look at: all that is behind the API. */
export interface ControlPlane {
  readonly listener: RequestListener;
  stop(): Promise<void>;
}

/** Open the database, and put together what answers the API from it. */
export async function openControlPlane(address: DatabaseAddress, parts: ApiParts): Promise<ControlPlane> {
  const { configuration, log } = parts;
  const started = performance.now();
  const database = await openDatabase(address, log);
  const { db, kind, place } = database;
  const firstToken = join(configuration.stateFolder, "admin-token");
  await keepFirstToken(db, firstToken);
  const routes: Route[] = [];
  routes.push(...metaRoutes(routes), ...operationRoutes(db, parts));
  const milliseconds = Math.round(performance.now() - started);
  log.info(
    { database: kind, place },
    `the API is ready after ${milliseconds} ms; the administrator's token is in ${firstToken}`,
  );
  return {
    listener: apiServer({ routes, authenticate: authenticator(db), log }),
    stop: () => database.stop(),
  };
}
