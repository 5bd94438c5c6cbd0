import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type BenchRow, row } from "@gaugelet/testing/bench";
import { freePort } from "@gaugelet/testing/ports";
import { sql } from "drizzle-orm";
import { pino } from "pino";
import { type DatabaseAddress, openDatabase } from "../../src/database/database.ts";
import { catalogState, packages } from "../../src/database/schema.ts";
import { digestOf, packFiles } from "../../src/packages/upload/pack.ts";
import { BUILT_RUNTIME } from "../built-runtime.ts";
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
  readonly processes: number;
  /** Of one function, in milliseconds; undefined where there is none. */
  readonly firstCall: number | undefined;
}

/** What it takes to have many functions that nobody calls. */
export async function benchCatalog(bench: CatalogBench, database: CatalogDatabase): Promise<BenchRow[]> {
  const without = await best(() => start(bench, database, false));
  const heapWithout = await heapBytes(bench, database);
  await fill(database.address);
  const having = await best(() => start(bench, database, true));
  const { name } = database;
  const each = ((await heapBytes(bench, database)) - heapWithout) / FUNCTIONS;
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
    processes: Math.max(one.processes, other.processes),
    firstCall: one.firstCall && other.firstCall && Math.min(one.firstCall, other.firstCall),
  }));
}

/** Start the runtime as the container image has it, until its API answers. */
async function start(bench: CatalogBench, database: CatalogDatabase, isFilled: boolean): Promise<Started> {
  const port = await freePort();
  const started = performance.now();
  const child = spawn(process.execPath, BUILT_RUNTIME, {
    stdio: ["ignore", "ignore", "inherit"],
    env: await environmentOf(bench, database, port),
  });
  const exit = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  const answers = (): Promise<boolean> =>
    fetch(`${url}/api/v1/openapi.json`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await answers())) await sleep(10);
  const seconds = (performance.now() - started) / 1000;
  const cpu = cpuSeconds(child.pid as number);
  const processes = processTree(child.pid as number).length;
  const firstCall = isFilled ? await timeOfCall(url) : undefined;
  child.kill("SIGTERM");
  await exit;
  return { seconds, cpu, processes, firstCall };
}

/** How large the heap of a runtime is that has started, without garbage. */
async function heapBytes(bench: CatalogBench, database: CatalogDatabase): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM], {
    stdio: ["ignore", "pipe", "inherit"],
    env: await environmentOf(bench, database, 0),
  });
  const exit = once(child, "exit");
  const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  child.kill("SIGTERM");
  await exit;
  return Number(value);
}

async function environmentOf(
  { redisPort, python, folder }: CatalogBench,
  { environment }: CatalogDatabase,
  port: number,
): Promise<NodeJS.ProcessEnv> {
  const file = join(folder, "catalog.yaml");
  await writeFile(file, "functions: []\n");
  return {
    PATH: process.env.PATH,
    GAUGELET_PYTHON: python,
    GAUGELET_CONFIG: file,
    GAUGELET_RUNTIME_PORT: String(port),
    GAUGELET_MANAGEMENT_PORT: "0",
    GAUGELET_LOG_LEVEL: "error",
    REDIS_PORT: String(redisPort),
    ...environment,
  };
}

async function timeOfCall(url: string): Promise<number> {
  const started = performance.now();
  const body = JSON.stringify({ readings: [1, 2, 3] });
  const response = await fetch(`${url}/functions/function-42`, { method: "POST", body });
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
