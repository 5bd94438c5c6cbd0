import { join } from "node:path";
import { Callers } from "../access/callers.ts";
import { OwnTokens } from "../access/own-tokens.ts";
import { Secrets } from "../access/secrets.ts";
import { Users } from "../access/users.ts";
import type { RuntimeConfiguration } from "../configuration/environment.ts";
import type { Database } from "../database/database.ts";
import type { Route } from "./route.ts";
import { auditRoutes } from "./routes/audit.ts";
import { meRoutes } from "./routes/me.ts";
import { secretRoutes } from "./routes/secrets.ts";
import { tokenRoutes } from "./routes/tokens.ts";
import { userRoutes } from "./routes/users.ts";

/** Who may do what. */
export interface Access {
  readonly callers: Callers;
  readonly secrets: Secrets;
  readonly routes: readonly Route[];
}

/** @throws ConfigurationError where there are secrets that no key opens. */
export async function openAccess(
  db: Database,
  { access, stateFolder }: Pick<RuntimeConfiguration, "access" | "stateFolder">,
): Promise<Access> {
  const callers = new Callers(db, access.grafanaSecret);
  const forget = (): void => callers.forget();
  const secrets = await Secrets.open(db, access, join(stateFolder, "secret-key"));
  const routes = [
    meRoutes(),
    userRoutes(new Users(db, forget)),
    tokenRoutes(new OwnTokens(db, forget)),
    secretRoutes(secrets),
    auditRoutes(db),
  ].flat();
  return { callers, secrets, routes };
}
