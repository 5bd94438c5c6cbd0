import type { RequestListener } from "node:http";
import { join } from "node:path";
import type { Callers } from "../access/callers.ts";
import { keepFirstToken } from "../access/first-token.ts";
import { type DatabaseAddress, type OpenDatabase, openDatabase } from "../database/database.ts";
import { openRuns } from "../runs/open-runs.ts";
import { costOfRun } from "../usage/cost-of-run.ts";
import { openUsage } from "../usage/open-usage.ts";
import { openAccess } from "./access.ts";
import { openCatalog } from "./catalog.ts";
import { operationRoutes } from "./operation-routes.ts";
import type { Route } from "./route.ts";
import { metaRoutes } from "./routes/meta.ts";
import { apiServer } from "./server.ts";
import type { ApiParts } from "./start.ts";

/** What users make and look at: all that is behind the API. */
export interface ControlPlane {
  readonly listener: RequestListener;
  /** Who sends a request, of calls too. */
  readonly callers: Callers;
  /** In words why it is not to be asked now; undefined: it is. */
  readonly problem: string | undefined;
  stop(): Promise<void>;
}

/**
 * Open the database, and put together what answers the API from it.
 *
 * @param signal aborted where nobody waits for it any more.
 * @throws ConfigurationError where it is none for this runtime, or there are secrets that its key does not open.
 */
export async function openControlPlane(
  address: DatabaseAddress,
  parts: ApiParts,
  signal: AbortSignal,
): Promise<ControlPlane> {
  const started = performance.now();
  const database = await openDatabase(address, parts.log, signal);
  try {
    signal.throwIfAborted();
    return await controlPlaneOf(database, started, parts);
  } catch (error) {
    await database.stop().catch(() => {});
    throw error;
  }
}

async function controlPlaneOf(
  database: OpenDatabase,
  started: number,
  parts: ApiParts,
): Promise<ControlPlane> {
  const { configuration, log } = parts;
  const { db, kind, place } = database;
  const firstToken = configuration.access.adminTokenFile ?? join(configuration.stateFolder, "admin-token");
  await keepFirstToken(db, firstToken);
  const access = await openAccess(db, configuration);
  const { callers, secrets } = access;
  const usage = await openUsage(db, parts.usage, log);
  const catalog = await openCatalog(db, secrets, parts).catch(async (error) => {
    await usage.stop();
    throw error;
  });
  const runs = openRuns(database, parts, costOfRun(parts.usage.prices));
  const routes: Route[] = [];
  routes.push(...access.routes, ...catalog.routes, ...runs.routes, ...usage.routes);
  routes.push(...operationRoutes(db, parts));
  routes.push(...metaRoutes(routes));
  const milliseconds = Math.round(performance.now() - started);
  log.info(
    { database: kind, place },
    `the API is ready after ${milliseconds} ms; the administrator's token is in ${firstToken}`,
  );
  return {
    listener: apiServer({ routes, authenticate: (request) => callers.of(request), log }),
    callers,
    get problem() {
      return runs.problem;
    },
    async stop() {
      await runs.stop();
      await catalog.stop();
      await usage.stop();
      await database.stop();
    },
  };
}
