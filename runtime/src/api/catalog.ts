import type { Secrets } from "../access/secrets.ts";
import { CatalogFollower } from "../catalog/follower.ts";
import { readPackage } from "../catalog/packages.ts";
import type { CatalogParts } from "../catalog/parts.ts";
import { untilLetGo } from "../catalog/until-let-go.ts";
import type { Database } from "../database/database.ts";
import { checkUpload } from "../packages/upload/check-upload.ts";
import { CodeChecks } from "../packages/upload/code-checks.ts";
import { forgetCalls } from "../runs/forget-calls.ts";
import { forgetFunction } from "../sinks/forget-function.ts";
import type { Route } from "./route.ts";
import { aliasRoutes } from "./routes/aliases.ts";
import { functionRoutes } from "./routes/functions.ts";
import { versionRoutes } from "./routes/versions.ts";
import type { ApiParts } from "./start.ts";

/** Functions that users make. */
export interface Catalog {
  readonly routes: readonly Route[];
  /** Follow it no more. */
  stop(): Promise<void>;
}

/** Have the functions of the catalog run here, and follow its changes. */
export async function openCatalog(
  db: Database,
  secrets: Secrets,
  {
    configuration,
    redis,
    sources,
    catalog,
    instances,
    log,
  }: Pick<ApiParts, "configuration" | "redis" | "sources" | "catalog" | "instances" | "log">,
): Promise<Catalog> {
  const { operator, python, allowedUrlHosts, allowsDependencies } = configuration;
  const follower = new CatalogFollower({ db, functions: sources, operator, log });
  const checks = new CodeChecks();
  const parts: CatalogParts = {
    db,
    functions: sources,
    operator,
    file: configuration.file?.path ?? "the configuration file",
    checkUpload: (upload, about, signal) =>
      checkUpload(
        upload,
        about,
        { python, urlPolicy: { allowed: allowedUrlHosts }, checks, allowsDependencies },
        signal,
      ),
    secretsOf: (owner, names) => secrets.secretsOf(owner, names),
    forget: async (name, outputKeys, topics) => {
      await untilLetGo({ redis, functions: sources, instances }, name, outputKeys);
      await forgetFunction(redis, name, outputKeys, topics);
      await forgetCalls(redis, name);
    },
    // What is committed is followed soon, whatever becomes of this look.
    follow: () => follower.look().catch(() => {}),
  };
  catalog.open({ readPackage: (digest) => readPackage(db, digest), secretsOf: parts.secretsOf });
  await follower.start();
  return {
    routes: [...functionRoutes(parts), ...versionRoutes(parts), ...aliasRoutes(parts)],
    stop: () => follower.stop(),
  };
}
