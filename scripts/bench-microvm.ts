// npm run bench:microvm: how quickly virtual machines start and answer, and the memory that many of them take.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createLog } from "@gaugelet/shared/log";
import { type BenchRow, quantile, report, row } from "@gaugelet/testing/bench";
import { MachineLauncher } from "../runtime/src/workers/launch/machine/machine-launcher.ts";
import type { Call, Worker } from "../runtime/src/workers/worker.ts";
import { startMachineWorker } from "../runtime/test/microvm/machine-worker.ts";
import { MACHINES_FOLDER, setupMachines } from "../stack/src/setup/machines.ts";
import { setupPython } from "../stack/src/setup/python.ts";

const MIB = 1024 ** 2;
const STARTS = 11;
const CALLS = 2_000;
const MACHINES = 10;
/** What makes a machine of 256 MiB. */
const LIMITS = { memory: 48 * MIB, cpu: 30, openFiles: 64, processes: 16, disk: 16 * MIB };
const CODE = {
  plain: "def handler(input, context):\n    return {'n': input['n']}\n",
  scientific:
    "import pandas\ndef handler(input, context):\n    return {'n': int(pandas.Series([input['n'], 0]).sum())}\n",
};

await setupMachines();
const python = await setupPython({ dev: true });
const folder = await mkdtemp(join(tmpdir(), "gaugelet-bench-"));
const rows: BenchRow[] = [];
let accelerator = "";
try {
  for (const kind of ["plain", "scientific"] as const) {
    const preload = kind === "plain" ? [] : ["numpy", "pandas"];
    const launcher = new MachineLauncher({ folder: MACHINES_FOLDER, python, preload }, createLog("error"));
    await writeFile(join(folder, "usermodule.py"), CODE[kind]);
    await launcher.prepare(LIMITS);
    await (await start(launcher)).stop();
    const seconds: number[] = [];
    for (let count = 0; count < STARTS; count += 1) {
      const begun = performance.now();
      const worker = await start(launcher);
      await caller(worker)();
      seconds.push(performance.now() - begun);
      accelerator = worker.machine?.accelerator ?? "";
      await worker.stop();
    }
    const isKvm = accelerator === "kvm";
    const [what, atMost] =
      kind === "plain"
        ? ["from a start to the first reply", isKvm ? 100 : 300]
        : ["the same, numpy and pandas imported", isKvm ? 150 : 600];
    rows.push(row(what, quantile(seconds, 0.5), "ms", { atMost }));
    if (kind === "plain") {
      const worker = await start(launcher);
      const call = caller(worker);
      for (let count = 0; count < 200; count += 1) await call();
      const trips: number[] = [];
      for (let count = 0; count < CALLS; count += 1) {
        const begun = performance.now();
        await call();
        trips.push((performance.now() - begun) * 1000);
      }
      rows.push(
        row("round trip of a small event, p50", quantile(trips, 0.5), "µs", { atMost: isKvm ? 120 : 250 }),
      );
      rows.push(row("the same, p99", quantile(trips, 0.99), "µs"));
      await worker.stop();
      const workers = await Promise.all(Array.from({ length: MACHINES }, () => start(launcher)));
      for (const each of workers) await caller(each)();
      await sleep(1_000);
      const resident = await Promise.all(workers.map(({ pid }) => proportionalBytes(pid ?? 0)));
      const total = resident.reduce((sum, bytes) => sum + bytes, 0) / 1e6;
      rows.push(row(`${MACHINES} machines of 256 MiB, idle, resident in all`, total, "MB", { atMost: 700 }));
      for (const each of workers) await each.stop();
    }
    await launcher.stop();
  }
  console.log(`accelerator: ${accelerator}`);
  report("microvm", rows);
} finally {
  await rm(folder, { recursive: true });
}

function start(launcher: MachineLauncher): Promise<Worker<Call>> {
  return startMachineWorker(launcher, folder, LIMITS);
}

/** Calls the handler and waits for the answer. */
function caller(worker: Worker<Call>): () => Promise<void> {
  let answered = (): void => {};
  worker.listen({ onResult: () => answered(), onSaved: () => {} });
  const call: Call = { body: Buffer.from('{"n":1}'), headText: "", isList: false };
  return () =>
    new Promise((resolve) => {
      answered = resolve;
      worker.invoke(call, 0, Number.NaN, performance.now());
    });
}

/** Memory of a process, of what it shares with others its share. */
async function proportionalBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) * 1024;
}
