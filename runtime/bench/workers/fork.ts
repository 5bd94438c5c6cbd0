import { type BenchRow, row } from "@gaugelet/testing/bench";
import { type WarmFork, warmUp } from "./forked-worker.ts";
import { referenceEvents } from "./reference/events.ts";
import { inRounds, median } from "./rounds.ts";
import { timeSpawn } from "./spawn.ts";

const ROUNDS = 21;

/** From asking for a worker with numpy and pandas to its first answer: forked from a warm zygote, and spawned. */
export async function benchFork(environment: Readonly<Record<string, string>>): Promise<BenchRow[]> {
  const [event] = await referenceEvents();
  const time = async (warm: WarmFork): Promise<number> => {
    const started = performance.now();
    const worker = await warm.start();
    await worker.call(event as Buffer);
    const milliseconds = performance.now() - started;
    await worker.stop();
    return milliseconds;
  };
  const process = await warmUp(environment, "scientific-process");
  const sandbox = await warmUp(environment, "scientific-sandbox");
  try {
    const measured = await inRounds(ROUNDS, {
      spawn: () => timeSpawn(environment.GAUGELET_PYTHON as string),
      process: () => time(process),
      sandbox: () => time(sandbox),
    });
    const middle = (name: keyof typeof measured): number =>
      median(measured[name], (milliseconds) => milliseconds);
    const what = "new worker with numpy and pandas to its first answer";
    return [
      row(`spawn: ${what}`, middle("spawn"), "ms"),
      row(`process: ${what}, by fork`, middle("process"), "ms", { atMost: 15 }),
      row("process: spawn against fork", middle("spawn") / middle("process"), "×", { atLeast: 50 }),
      row(`sandbox: ${what}, by fork`, middle("sandbox"), "ms", { atMost: 25 }),
      row("sandbox: spawn against fork", middle("spawn") / middle("sandbox"), "×"),
    ];
  } finally {
    await process.stop();
    await sandbox.stop();
  }
}
