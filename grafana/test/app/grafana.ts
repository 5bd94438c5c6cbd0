import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "@gaugelet/testing/wait";
import { startByNpm } from "../../../stack/test/npm-start.ts";
import { variablesFor } from "../../../stack/test/support.ts";

/** A Grafana with the app, and somebody who may do everything there. */
export interface AppGrafana {
  /** Without a slash at the end. */
  readonly url: string;
  readonly admin: Login;
  /** Of the stack's Redis; undefined where the stack is not the test's own. */
  readonly redisPort: string | undefined;
  /** Ask the runtime's API as an administrator, by a path below `/api/v1`. @throws where it refuses. */
  readonly askAsAdmin: (method: string, path: string, body?: object) => Promise<unknown>;
  /** End what was started for it. */
  stop(): Promise<void>;
}

export interface Login {
  readonly user: string;
  readonly password: string;
}

export type OrganizationRole = "Viewer" | "Editor" | "Admin";

/** Why there is no Grafana to test with; undefined: there is one. */
export const WHY_NOT =
  process.env.GRAFANA_URL || process.env.GRAFANA_HOME
    ? undefined
    : "set GRAFANA_HOME to the folder of a Grafana, or GRAFANA_URL to the address of one that runs with the app";

/**
 * The Grafana of a stack that runs already (GRAFANA_URL; its admin signs in by GRAFANA_PASSWORD, admin unless said), or
 * that of a stack of the test's own, started by `npm start` with the Grafana of GRAFANA_HOME.
 */
export async function appGrafana(environment = process.env): Promise<AppGrafana> {
  if (environment.GRAFANA_URL) {
    const url = environment.GRAFANA_URL.replace(/\/+$/, "");
    const admin = {
      user: environment.GRAFANA_USER || "admin",
      password: environment.GRAFANA_PASSWORD || "admin",
    };
    return { url, admin, redisPort: undefined, askAsAdmin: asker(url, admin), stop: async () => {} };
  }
  const state = await mkdtemp(join(tmpdir(), "gaugelet-app-"));
  const variables = await variablesFor(state);
  const stack = startByNpm({ ...variables, GRAFANA_HOME: environment.GRAFANA_HOME ?? "" });
  const stop = async (): Promise<void> => {
    stack.npm.kill("SIGTERM");
    await stack.exit;
    await rm(state, { recursive: true });
  };
  try {
    await stack.untilReady();
    const url = `http://127.0.0.1:${variables.GAUGELET_GRAFANA_PORT}`;
    // The first start may be ready before Grafana is, which has to be built for.
    await waitFor("Grafana", async () => (await fetch(`${url}/api/health`)).ok, 240).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}\n${stack.output()}`);
      },
    );
    const password = (await readFile(join(state, "grafana-admin-password"), "utf8")).trim();
    const admin = { user: "admin", password };
    const askAsAdmin = asker(url, admin);
    // The catalog is opened beside the rest; until then the app says so, and asks again.
    await waitFor(
      "the API",
      () =>
        askAsAdmin("GET", "/me").then(
          () => true,
          () => false,
        ),
      120,
    );
    return { url, admin, redisPort: variables.GAUGELET_REDIS_PORT, askAsAdmin, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Asks the runtime's API through Grafana's data proxy. */
function asker(url: string, login: Login): AppGrafana["askAsAdmin"] {
  return async (method, path, body) => {
    const response = await fetch(`${url}/api/plugin-proxy/gaugelet-functions-app/admin${path}`, {
      method,
      headers: { authorization: basic(login), "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    const text = await response.text();
    return text === "" ? undefined : JSON.parse(text);
  };
}

function basic({ user, password }: Login): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** Make a user of a role, of the same password as name; nothing happens where there is one of that name. */
export async function makeUser(
  { url, admin }: AppGrafana,
  user: string,
  role: OrganizationRole,
): Promise<Login> {
  const authorization = basic(admin);
  const ask = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const headers = { authorization, "content-type": "application/json" };
    const response = await fetch(`${url}/api${path}`, { method, headers, body: JSON.stringify(body) });
    const answer = (await response.json()) as Record<string, unknown>;
    if (!response.ok && response.status !== 412)
      throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
  const login = { user, password: `${user}-${user}` };
  await ask("POST", "/admin/users", { name: user, login: user, password: login.password, OrgId: 1 });
  const { id } = await ask("GET", `/users/lookup?loginOrEmail=${encodeURIComponent(user)}`);
  await ask("PATCH", `/org/users/${String(id)}`, { role });
  return login;
}
