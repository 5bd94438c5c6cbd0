// npm run bench:topics: what a function's events from topics cost beside its worker alone.
// `npm run bench:topics -- --backlog 5000000` measures memory with a backlog of so many events.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type BenchRow, report } from "@gaugelet/testing/bench";
import { buildWorkspaces } from "@gaugelet/testing/build";
import { startKafka } from "@gaugelet/testing/kafka-server";
import { startRedis } from "@gaugelet/testing/redis-server";
import { benchCurve } from "../runtime/bench/topics/curve.ts";
import { kafkaEngine } from "../runtime/bench/topics/kafka-engine.ts";
import { benchLatency } from "../runtime/bench/topics/latency.ts";
import { benchMemory } from "../runtime/bench/topics/memory.ts";
import { redisEngine } from "../runtime/bench/topics/redis-engine.ts";
import { benchReplicas } from "../runtime/bench/topics/replicas.ts";
import { benchThroughput } from "../runtime/bench/topics/throughput.ts";
import { writeConfiguration } from "../runtime/bench/workers/configuration.ts";
import { startFloor } from "../runtime/bench/workers/floor.ts";
import { watchOtherPrograms } from "../runtime/bench/workers/other-programs.ts";
import { runtimeEnvironment, startRuntimeContender } from "../runtime/bench/workers/runtime.ts";
import { setupKafka } from "../stack/src/setup/kafka.ts";
import { setupServices } from "../stack/src/setup/programs.ts";
import { setupPython } from "../stack/src/setup/python.ts";

const { values: options } = parseArgs({
  options: {
    backlog: { type: "string", default: "1000000" },
    only: { type: "string", default: "" },
  },
});

await setupServices();
await setupKafka();
const python = await setupPython({ dev: true });
await buildWorkspaces("shared", "runtime");
const otherPrograms = watchOtherPrograms();
const teardown: (() => Promise<unknown>)[] = [];

try {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-bench-"));
  teardown.push(() => rm(folder, { recursive: true }));
  const redis = await startRedis();
  teardown.push(() => redis.stop());
  const worker = await startRuntimeContender({
    ...(await runtimeEnvironment(python, redis.port, await writeConfiguration(folder))),
    // It would record the runs of the others.
    GAUGELET_CATALOG: "off",
  });
  teardown.push(() => worker.contender.stop());
  const floor = await startFloor(python);
  teardown.push(() => floor.stop());

  const rows: BenchRow[] = [];
  const measure = async (group: string, bench: () => Promise<BenchRow[]>): Promise<void> => {
    if (!group.includes(options.only)) return;
    process.stderr.write(`measuring: ${group}\n`);
    rows.push(...(await bench()));
  };
  const called = { floor, worker: worker.contender };
  const backlog = Number(options.backlog);
  const engines = [redisEngine(redis.port)];
  const kafka = await startKafka();
  teardown.push(() => kafka.stop());
  engines.push(kafkaEngine(kafka.brokers, redis.port));
  for (const engine of engines) {
    const { name } = engine;
    teardown.push(() => engine.topics.stop());
    await measure(`${name}, events of a backlog`, () =>
      benchThroughput(engine, redis.client, called, python, folder),
    );
    await measure(`${name}, one event at a time`, () => benchLatency(engine, redis.client, python, folder));
    await measure(`${name}, memory`, () => benchMemory(engine, redis.client, python, folder, backlog));
    // What many topics cost the broker is nothing that is measured here.
    if (name === "Redis") {
      await measure(`${name}, many topics`, () => benchCurve(engine, redis.client, python, folder));
    } else {
      await measure(`${name}, replicas`, () => benchReplicas(engine, redis.client, python, folder));
    }
  }
  report("topics", [...rows, ...otherPrograms()]);
} finally {
  for (const undo of teardown.reverse()) await undo();
}
