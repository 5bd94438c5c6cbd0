import { setTimeout as sleep } from "node:timers/promises";
import { type BenchRow, row } from "@gaugelet/testing/bench";
import { type WarmFork, warmUp } from "./forked-worker.ts";
import { privateBytes, processTree } from "./process-tree.ts";
import { referenceEvents } from "./reference/events.ts";

const MANY = 60;
const MEGABYTE = 1024 ** 2;
/** Some time after a start the zygote forks a worker ahead of the next. */
const UNTIL_SPARE_MILLISECONDS = 500;

/** What a forked worker with numpy and pandas has of its own: the rest it shares with the zygote. */
export async function benchMemory(environment: Readonly<Record<string, string>>): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const isolation of ["process", "sandbox"] as const) {
    const warm = await warmUp(environment, `scientific-${isolation}`);
    try {
      const what = `${isolation}: private memory of a worker with numpy and pandas`;
      const [one, many] = await measure(warm);
      rows.push(
        row(`${what}, after a call`, one, "MB", { atMost: 8 }),
        row(`${what}, after ${MANY}`, many, "MB"),
      );
      await sleep(UNTIL_SPARE_MILLISECONDS);
      const [oneOfSpare] = await measure(warm);
      rows.push(row(`${what}, forked ahead, after a call`, oneOfSpare, "MB", { atMost: 8 }));
    } finally {
      await warm.stop();
    }
  }
  return rows;
}

/** Megabytes after the first call and after many. */
async function measure(warm: WarmFork): Promise<[number, number]> {
  const worker = await warm.start();
  const events = await referenceEvents();
  const call = async (index: number): Promise<void> => {
    await worker.call(events[index] as Buffer);
    await worker.saved();
  };
  // At the level sandbox the worker is the child of a process that holds its namespaces.
  const megabytes = (): number =>
    processTree(worker.pid).reduce((sum, pid) => sum + privateBytes(pid), 0) / MEGABYTE;
  await call(0);
  const one = megabytes();
  for (let index = 1; index < MANY; index += 1) await call(index);
  const many = megabytes();
  await worker.stop();
  return [one, many];
}
