import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { startPostgres, type TestPostgres } from "@gaugelet/testing/postgres-server";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type Runtime, startRuntime } from "../../src/app.ts";
import { readConfiguration } from "../../src/configuration/environment.ts";
import { type Database, type DatabaseAddress, openDatabase } from "../../src/database/database.ts";
import { PYTHON } from "../integration/harness.ts";
import { type DatabaseKind, emptyEmbedded } from "./test-database.ts";

/** The first embedded database takes seconds of a processor to make, which others may be using. */
const HOOK_MILLISECONDS = 240_000;

/** What a request was answered with. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Of JSON; else the text. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they expect it to be.
  readonly body: any;
}

/** A runtime with its API. */
export interface ApiUnderTest {
  readonly runtime: Runtime;
  readonly url: string;
  /** The administrator's. */
  readonly token: string;
  readonly redis: TestRedis;
  /** Address of its PostgreSQL; undefined where its database is embedded. */
  readonly database: string | undefined;
  readonly folder: string;
  readonly log: Record<string, unknown>[];
  /**
   * Ask the API.
   *
   * @param token the administrator's unless said; null: none.
   */
  readonly ask: (method: string, path: string, body?: unknown, token?: string | null) => Promise<ApiAnswer>;
}

type Fill = (db: Database) => Promise<void>;

/**
 * For the tests of a file: runtimes with an API, each with a database of a kind, over one Redis.
 *
 * @param fill what the databases begin with, where they are not to be empty.
 */
export function useApi(kind: DatabaseKind, fill?: Fill) {
  let redis: TestRedis;
  let postgres: TestPostgres | undefined;
  /** Folder of an embedded database that runtimes begin with a copy of. */
  let empty: string | undefined;
  const started: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    [redis, postgres, empty] = await Promise.all([
      startRedis(),
      kind === "postgresql" ? startPostgres() : undefined,
      kind === "embedded" ? makeEmbedded(fill) : undefined,
    ]);
  }, HOOK_MILLISECONDS);
  afterEach(async () => {
    for (const stop of started.splice(0).reverse()) await stop();
    await redis.client.flushall();
  });
  afterAll(async () => {
    await Promise.all([
      redis?.stop(),
      postgres?.stop(),
      empty === undefined ? undefined : rm(empty, { recursive: true, force: true }),
    ]);
  });
  return {
    get redis(): TestRedis {
      return redis;
    },
    get postgres(): TestPostgres | undefined {
      return postgres;
    },
    /**
     * @param environment besides where Redis, Python and the database are.
     * @param file a gaugelet.yaml; without functions of its own unless said.
     */
    async start(environment: Record<string, string> = {}, file?: string): Promise<ApiUnderTest> {
      const folder = await makeFunctionFolder("api");
      const configurationFile = join(folder, "gaugelet.yaml");
      await writeFile(configurationFile, file ?? "functions: []\n");
      const log: Record<string, unknown>[] = [];
      const stream = { write: (line: string) => void log.push(JSON.parse(line)) };
      const url = environment.DATABASE_URL ?? (await postgres?.newDatabase());
      if (url !== undefined && environment.DATABASE_URL === undefined && fill !== undefined) {
        await fillDatabase({ kind: "postgresql", url }, fill);
      }
      if (empty !== undefined) await cp(empty, join(folder, "state/database"), { recursive: true });
      const configuration = await readConfiguration({
        GAUGELET_CONFIG: configurationFile,
        REDIS_HOST: "127.0.0.1",
        REDIS_PORT: String(redis.port),
        GAUGELET_PYTHON: PYTHON,
        GAUGELET_STATE_DIR: join(folder, "state"),
        GAUGELET_MANAGEMENT_PORT: "0",
        GAUGELET_RUNTIME_PORT: "0",
        ...(url === undefined ? {} : { DATABASE_URL: url }),
        ...environment,
      });
      const levels = {
        level: configuration.logLevel,
        formatters: { level: (name: string) => ({ level: name }) },
      };
      const runtime = await startRuntime(configuration, pino(levels, stream));
      started.push(async () => {
        await runtime.stop();
        await rm(folder, { recursive: true, force: true });
      });
      const address = `http://127.0.0.1:${runtime.ports.status}`;
      await waitFor("the API", async () => (await fetch(`${address}/api/v1/openapi.json`)).ok, 50);
      const token = (await readFile(join(configuration.stateFolder, "admin-token"), "utf8")).trim();
      return {
        runtime,
        url: address,
        token,
        redis,
        database: url,
        folder,
        log,
        ask: (method, path, body, shown = token) => ask(address, method, path, body, shown),
      };
    },
  };
}

async function makeEmbedded(fill: Fill | undefined): Promise<string> {
  const folder = await emptyEmbedded();
  if (fill !== undefined) await fillDatabase({ kind: "embedded", folder }, fill);
  return folder;
}

async function fillDatabase(address: DatabaseAddress, fill: Fill): Promise<void> {
  const database = await openDatabase(address, pino({ level: "silent" }));
  await fill(database.db);
  await database.stop();
}

/** Ask the API at an address. */
export async function ask(
  address: string,
  method: string,
  path: string,
  body: unknown,
  token: string | null,
): Promise<ApiAnswer> {
  const isJson = body !== undefined && !(body instanceof Uint8Array);
  const response = await fetch(`${address}/api/v1${path}`, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(isJson ? { "content-type": "application/json" } : {}),
    },
    ...(body === undefined
      ? {}
      : { body: isJson ? JSON.stringify(body) : (body as Uint8Array<ArrayBuffer>) }),
  });
  const text = await response.text();
  const type = response.headers.get("content-type") ?? "";
  return {
    status: response.status,
    headers: response.headers,
    body: /json/.test(type) ? JSON.parse(text) : text,
  };
}
