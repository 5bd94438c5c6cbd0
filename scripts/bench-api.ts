// npm run bench:api: what the catalog, its runs and their lists cost.
// `npm run bench:api -- --only catalog` measures the groups with that in their names; `--runs 100000` lists fewer.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type BenchRow, report } from "@gaugelet/testing/bench";
import { buildWorkspaces } from "@gaugelet/testing/build";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { startPostgres } from "@gaugelet/testing/postgres-server";
import { startRedis } from "@gaugelet/testing/redis-server";
import { benchBills } from "../runtime/bench/api/bills.ts";
import { benchCatalog, type CatalogDatabase } from "../runtime/bench/api/catalog.ts";
import { benchListing } from "../runtime/bench/api/listing.ts";
import { type BenchedDatabase, benchRecording, benchSampling } from "../runtime/bench/api/recording.ts";
import { redisEngine } from "../runtime/bench/topics/redis-engine.ts";
import { watchOtherPrograms } from "../runtime/bench/workers/other-programs.ts";
import { setupPostgresql, setupServices, setupWrk } from "../stack/src/setup/programs.ts";
import { setupPython } from "../stack/src/setup/python.ts";

const { values: options } = parseArgs({
  options: { only: { type: "string", default: "" }, runs: { type: "string", default: "5000000" } },
});

await setupServices();
await setupPostgresql();
await setupWrk();
const python = await setupPython({ dev: true });
await buildWorkspaces("shared", "runtime");
const otherPrograms = watchOtherPrograms();
const teardown: (() => Promise<unknown>)[] = [];

try {
  const folder = await makeFunctionFolder("bench");
  teardown.push(() => rm(folder, { recursive: true }));
  const redis = await startRedis();
  teardown.push(() => redis.stop());
  const postgres = await startPostgres();
  teardown.push(() => postgres.stop());

  const rows: BenchRow[] = [];
  const measure = async (group: string, bench: () => Promise<BenchRow[]>): Promise<void> => {
    if (!group.includes(options.only)) return;
    process.stderr.write(`measuring: ${group}\n`);
    rows.push(...(await bench()));
  };
  const url = await postgres.newDatabase();
  const state = (name: string) => join(folder, name);
  const databases: readonly CatalogDatabase[] = [
    {
      name: "PostgreSQL",
      address: { kind: "postgresql", url },
      environment: { DATABASE_URL: url, GAUGELET_STATE_DIR: state("catalog-postgresql") },
    },
    {
      name: "embedded",
      address: { kind: "embedded", folder: join(state("catalog-embedded"), "database") },
      environment: { GAUGELET_STATE_DIR: state("catalog-embedded") },
    },
  ];
  for (const database of databases) {
    const parts = { redisPort: redis.port, python, folder };
    await measure(`${database.name}, catalog`, () => benchCatalog(parts, database));
  }
  const engine = redisEngine(redis.port);
  teardown.push(() => engine.topics.stop());
  const recording: readonly BenchedDatabase[] = [
    {
      name: "PostgreSQL",
      environment: {
        DATABASE_URL: await postgres.newDatabase(),
        GAUGELET_STATE_DIR: state("runs-postgresql"),
      },
      atLeast: 10_000,
    },
    { name: "embedded", environment: { GAUGELET_STATE_DIR: state("runs-embedded") }, atLeast: 8_000 },
  ];
  for (const database of recording) {
    const parts = { engine, redis: redis.client, python, folder };
    await measure(`${database.name}, record every run`, () => benchRecording(parts, database));
    await measure(`${database.name}, 1 in 100`, () => benchSampling(parts, database));
  }
  await measure("PostgreSQL, list", async () =>
    benchListing(await postgres.newDatabase(), Number(options.runs)),
  );
  await measure("PostgreSQL, bills", async () =>
    benchBills(await postgres.newDatabase(), Number(options.runs)),
  );
  report("api", [...rows, ...otherPrograms()]);
} finally {
  for (const undo of teardown.reverse()) await undo();
}
