// npm run bench:workers: what the runtime adds to a bare Node program in front of one Python loop, and its peer.
// `npm run bench:workers -- --only HTTP` measures the groups with that in their names.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type BenchRow, report } from "@gaugelet/testing/bench";
import { startRedis } from "@gaugelet/testing/redis-server";
import { writeConfiguration } from "../runtime/bench/workers/configuration.ts";
import { startFloor } from "../runtime/bench/workers/floor.ts";
import { benchFork } from "../runtime/bench/workers/fork.ts";
import { benchHttp } from "../runtime/bench/workers/http.ts";
import { startBareServer, startPeer } from "../runtime/bench/workers/http-servers.ts";
import { benchMemory } from "../runtime/bench/workers/memory.ts";
import { benchNeighbour } from "../runtime/bench/workers/neighbour.ts";
import { watchOtherPrograms } from "../runtime/bench/workers/other-programs.ts";
import { benchPipelined } from "../runtime/bench/workers/pipelined.ts";
import { benchRoundTrip } from "../runtime/bench/workers/round-trip.ts";
import { runtimeEnvironment, startRuntimeContender } from "../runtime/bench/workers/runtime.ts";
import { setupBench } from "../runtime/bench/workers/setup.ts";
import { benchSupervisor } from "../runtime/bench/workers/supervisor.ts";

const { values: options } = parseArgs({ options: { only: { type: "string", default: "" } } });
const { python, peer: peerPython } = await setupBench();
const otherPrograms = watchOtherPrograms();
const teardown: (() => Promise<unknown>)[] = [];

try {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-bench-"));
  teardown.push(() => rm(folder, { recursive: true }));
  const redis = await startRedis();
  teardown.push(() => redis.stop());
  const told = await runtimeEnvironment(python, redis.port, await writeConfiguration(folder));
  // What recording each run takes is measured by `npm run bench:api`.
  const environment = { ...told, GAUGELET_CATALOG: "off" };

  const rows: BenchRow[] = [];
  const measure = async (group: string, bench: () => Promise<BenchRow[]>): Promise<void> => {
    if (!group.includes(options.only)) return;
    process.stderr.write(`measuring: ${group}\n`);
    rows.push(...(await bench()));
  };
  const runtime = await startRuntimeContender(environment);
  teardown.push(() => runtime.contender.stop());
  const floor = await startFloor(python);
  teardown.push(() => floor.stop());
  await measure("pipelined events", () => benchPipelined(floor, runtime.contender));
  await measure("one event at a time", () => benchRoundTrip(floor, runtime.contender));
  const bare = await startBareServer(python);
  teardown.push(() => bare.stop());
  const peer = await startPeer(peerPython);
  teardown.push(() => peer.stop());
  const { pid } = runtime.contender;
  await measure("calls over HTTP", () =>
    benchHttp({
      floor: bare,
      peer,
      process: { url: runtime.urlOf("process"), pid },
      sandbox: { url: runtime.urlOf("sandbox"), pid },
    }),
  );
  await runtime.contender.stop();
  await measure("new workers", () => benchFork(environment));
  await measure("memory of a worker", () => benchMemory(environment));
  await measure("memory of the runtime", () => benchSupervisor(environment, folder));
  await measure("a neighbour that leaks", () => benchNeighbour(environment, folder));
  report("workers", [...rows, ...otherPrograms()]);
} finally {
  for (const undo of teardown.reverse()) await undo();
}
