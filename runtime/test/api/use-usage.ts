import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { sql } from "drizzle-orm";
import { pino } from "pino";
import { Registry } from "prom-client";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { apiServer } from "../../src/api/server.ts";
import { type OpenDatabase, openDatabase } from "../../src/database/database.ts";
import type { Role } from "../../src/database/schema/access.ts";
import { usage } from "../../src/database/schema.ts";
import { UsageMetrics } from "../../src/observability/usage-metrics.ts";
import { type OpenUsage, openUsage } from "../../src/usage/open-usage.ts";
import { OwnerLimits } from "../../src/usage/owner-limits.ts";
import { PriceBook } from "../../src/usage/price-book.ts";
import { UsageMeter } from "../../src/usage/usage-meter.ts";
import type { UsageRow } from "../../src/usage/usage-row.ts";
import { type DatabaseKind, type StartedDatabase, startDatabase } from "./test-database.ts";

const PRICES = fileURLToPath(new URL("./prices.yaml", import.meta.url));
const LOG = pino({ level: "silent" });

/** For the tests of a file: the routes of usage over a real database that they fill. A token is `<user>:<role>`. */
export function useUsage(kind: DatabaseKind) {
  let started: StartedDatabase;
  let database: OpenDatabase;
  let open: OpenUsage;
  let server: Server;
  const context = {
    get db() {
      return database.db;
    },
    limits: undefined as unknown as OwnerLimits,
    registry: undefined as unknown as Registry,
    /** Put rows of usage into the database. */
    async fill(rows: readonly UsageRow[]): Promise<void> {
      const values = rows.map((row) => ({
        ...row,
        billedMilliseconds: String(row.billedMilliseconds),
        mebibyteMilliseconds: String(row.mebibyteMilliseconds),
        cpuMicroseconds: String(row.cpuMicroseconds),
      }));
      await database.db.insert(usage).values(values);
    },
    async ask(path: string, user = "root:admin", method = "GET", body?: unknown) {
      const { port } = server.address() as AddressInfo;
      const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
        method,
        headers: { authorization: user, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      const type = response.headers.get("content-type") ?? "";
      // biome-ignore lint/suspicious/noExplicitAny: tests look into it as they expect it to be.
      const read: any = type.includes("json") ? JSON.parse(text) : text;
      return { status: response.status, type, headers: response.headers, body: read };
    },
  };
  beforeAll(async () => {
    started = await startDatabase(kind);
    database = await openDatabase(started.address, LOG);
    const prices = await PriceBook.open(PRICES, LOG);
    const meter = new UsageMeter(() => prices.list);
    context.limits = new OwnerLimits(undefined);
    context.registry = new Registry();
    const metrics = new UsageMetrics(context.registry, meter);
    open = await openUsage(database.db, { prices, meter, limits: context.limits, metrics }, LOG);
    const api = apiServer({
      routes: open.routes,
      authenticate: async ({ headers: { authorization = "" } }) => {
        const [user = "", role] = authorization.split(":");
        return { user, role: role as Role, by: "token", address: "127.0.0.1" };
      },
      log: LOG,
    });
    server = createServer(api).listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  beforeEach(() => database.db.execute(sql`truncate usage, budgets, runs, audit_log`));
  afterAll(async () => {
    server?.closeAllConnections();
    server?.close();
    await open?.stop();
    await database?.stop();
    await started?.stop();
  });
  return context;
}
