import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type BenchRow, row } from "@gaugelet/testing/bench";
import { sql } from "drizzle-orm";
import { pino } from "pino";
import { type DatabaseAddress, openDatabase } from "../../src/database/database.ts";
import { catalogState, packages } from "../../src/database/schema.ts";
import { digestOf, packFiles } from "../../src/packages/upload/pack.ts";
import { cpuSeconds, processTree } from "../workers/process-tree.ts";

const PROGRAM = fileURLToPath(new URL("catalog-program.ts", import.meta.url));
const FUNCTIONS = 10_000;
const ROUNDS = 3;
/** As users write them, with a schema of the input. */
const MANIFEST = {
  description: "Says how many readings of a sensor are beyond what is usual",
  handler: "handler.handler",
  triggers: [{ http: true }],
  state: "none",
  input: { type: "object", required: ["readings"], properties: { readings: { type: "array" } } },
  limits: { timeout: "10s", memory: "128Mi" },
  environment: { LOG_LEVEL: "info" },
};
const HANDLER = "def handler(input, context):\n    return {'many': len(input['readings'])}\n";

/** Where a catalog is benchmarked. */
export interface CatalogBench {
  readonly redisPort: number;
  readonly python: string;
  readonly folder: string;
}

/** A catalog's database, and what tells a runtime of it. */
export interface CatalogDatabase {
  readonly name: string;
  readonly address: DatabaseAddress;
  readonly environment: Readonly<Record<string, string>>;
}

/** What a started runtime came to. */
interface Started {
  readonly seconds: number;
  /** Processor time of the start, that of the database's process included where it is embedded. */
  readonly cpu: number;
  readonly heapBytes: number;
  readonly processes: number;
  /** Of one function, in milliseconds; undefined where there is none. */
  readonly firstCall: number | undefined;
}

/** What it takes to have many functions that nobody calls. */
export async function benchCatalog(bench: CatalogBench, database: CatalogDatabase): Promise<BenchRow[]> {
  const without = await best(() => start(bench, database, false));
  await fill(database.address);
  const having = await best(() => start(bench, database, true));
  const { name } = database;
  const each = (having.heapBytes - without.heapBytes) / FUNCTIONS;
  return [
    row(`${name}: start without functions`, without.seconds, "s"),
    row(`${name}: start with ${FUNCTIONS} functions`, having.seconds, "s", { atMost: 5 }),
    row(`${name}: processor time of that, more than without`, having.cpu - without.cpu, "s"),
    row(`${name}: heap of an idle function`, each, "B", { atMost: 2_000 }),
    row(`${name}: processes of idle functions`, having.processes - without.processes, "", { atMost: 0 }),
    row(`${name}: first call of one of them`, having.firstCall ?? Number.NaN, "ms"),
  ];
}

/** The one that other programs disturbed least. */
async function best(measure: () => Promise<Started>): Promise<Started> {
  const all: Started[] = [];
  for (let round = 0; round < ROUNDS; round += 1) all.push(await measure());
  return all.reduce((one, other) => ({
    seconds: Math.min(one.seconds, other.seconds),
    cpu: Math.min(one.cpu, other.cpu),
    heapBytes: Math.min(one.heapBytes, other.heapBytes),
    processes: Math.max(one.processes, other.processes),
    firstCall: one.firstCall && other.firstCall && Math.min(one.firstCall, other.firstCall),
  }));
}

async function start(
  { redisPort, python, folder }: CatalogBench,
  { environment }: CatalogDatabase,
  isFilled: boolean,
): Promise<Started> {
  const file = join(folder, "catalog.yaml");
  await writeFile(file, "functions: []\n");
  const started = performance.now();
  const child = spawn(process.execPath, [PROGRAM], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      PATH: process.env.PATH,
      GAUGELET_PYTHON: python,
      GAUGELET_CONFIG: file,
      GAUGELET_RUNTIME_PORT: "0",
      GAUGELET_MANAGEMENT_PORT: "0",
      REDIS_PORT: String(redisPort),
      ...environment,
    },
  });
  const exit = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  const seconds = (performance.now() - started) / 1000;
  const cpu = cpuSeconds(child.pid as number);
  const { value } = await lines.next();
  const { heap: heapBytes, port } = JSON.parse(String(value)) as { heap: number; port: number };
  const processes = processTree(child.pid as number).length;
  const firstCall = isFilled ? await timeOfCall(port) : undefined;
  child.kill("SIGTERM");
  await exit;
  return { seconds, cpu, heapBytes, processes, firstCall };
}

async function timeOfCall(port: number): Promise<number> {
  const started = performance.now();
  const body = JSON.stringify({ readings: [1, 2, 3] });
  const response = await fetch(`http://127.0.0.1:${port}/functions/function-42`, { method: "POST", body });
  if (!response.ok) throw new Error(`the function answered ${response.status}: ${await response.text()}`);
  return performance.now() - started;
}

async function fill(address: DatabaseAddress): Promise<void> {
  const database = await openDatabase(address, pino({ enabled: false }));
  const { db } = database;
  const files = new Map([["handler.py", Buffer.from(HANDLER)]]);
  const digest = digestOf(files);
  await db.insert(packages).values({ digest, zip: await packFiles(files), files: [...files.keys()] });
  await db.execute(sql`
    insert into functions (name, owner, version, updated_by, revision)
    select 'function-' || i, 'user-' || i % 100, 1, 'user-' || i % 100, i from generate_series(1, ${FUNCTIONS}::int) i`);
  await db.execute(sql`
    insert into versions (function, number, manifest, package, created_by)
    select name, 1, ${JSON.stringify(MANIFEST)}::jsonb, ${digest}, owner from functions`);
  await db.update(catalogState).set({ revision: FUNCTIONS });
  await database.stop();
}
