import { type BenchRow, row } from "@gaugelet/testing/bench";
import type { Contender, Load } from "./contender.ts";
import { inRounds, median, medianRatio } from "./rounds.ts";

const ROUNDS = 5;
const SECONDS = 2;
const IN_FLIGHT = 256;

/** Many events in flight on one worker: events per second, and CPU time per event of the whole process tree. */
export async function benchPipelined(floor: Contender, runtime: Contender): Promise<BenchRow[]> {
  const run = (contender: Contender, target: string) => (): Promise<Load> =>
    contender.measure({ do: "pipelined", target, inFlight: IN_FLIGHT, seconds: SECONDS });
  const contenders = {
    floor: run(floor, "floor"),
    process: run(runtime, "process"),
    sandbox: run(runtime, "sandbox"),
  };
  // Once unmeasured: compiled code, filled caches, the first saved env.
  await inRounds(1, contenders);
  const measured = await inRounds(ROUNDS, contenders);
  const rate = (name: keyof typeof contenders): number => median(measured[name], (load) => load.perSecond);
  const cpu = (name: keyof typeof contenders): number =>
    median(measured[name], (load) => load.cpuMicrosecondsPerEvent);
  const against = (name: keyof typeof contenders, other: keyof typeof contenders): number =>
    medianRatio(measured[name], measured[other], (load) => load.perSecond);
  return [
    row("floor: pipelined events", rate("floor"), "1/s"),
    row("floor: CPU per event", cpu("floor"), "µs"),
    row("process: pipelined events", rate("process"), "1/s"),
    row("process: against the floor", against("process", "floor"), "×", { atLeast: 0.75 }),
    row("process: CPU per event", cpu("process"), "µs", { atMost: 20 }),
    row("sandbox: pipelined events", rate("sandbox"), "1/s"),
    row("sandbox: against process", against("sandbox", "process"), "×", { atLeast: 0.95 }),
    row("sandbox: CPU per event", cpu("sandbox"), "µs"),
  ];
}
