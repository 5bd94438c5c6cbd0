// npm run bench:exporter: what a scrape of the exporter takes, beside prom-client's and text that is ready.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchRow, report } from "@gaugelet/testing/bench";
import { buildWorkspaces } from "@gaugelet/testing/build";
import { startRedis } from "@gaugelet/testing/redis-server";
import { benchChurn } from "../exporter/bench/churn.ts";
import { compare } from "../exporter/bench/comparison.ts";
import { watchOtherPrograms } from "../runtime/bench/workers/other-programs.ts";
import { setupServices } from "../stack/src/setup/programs.ts";

await setupServices();
await buildWorkspaces("shared", "exporter");
const otherPrograms = watchOtherPrograms();
const folder = await mkdtemp(join(tmpdir(), "gaugelet-bench-"));
const redis = await startRedis(["--appendonly", "no"]);
try {
  const rows: BenchRow[] = [];
  // `npm run bench:exporter -- 100000` measures these numbers of gauges alone.
  const sizes = process.argv.slice(2).map(Number);
  for (const gauges of sizes.length > 0 ? sizes : [10, 1_000, 10_000, 100_000]) {
    process.stderr.write(`measuring: ${gauges} gauges\n`);
    rows.push(...(await compare(redis, folder, gauges)));
  }
  process.stderr.write("measuring: scrapes while outputs change\n");
  rows.push(...(await benchChurn(redis, folder)));
  report("exporter", [...rows, ...otherPrograms()]);
} finally {
  await redis.stop();
  await rm(folder, { recursive: true });
}
