import { type BenchRow, type Bound, row } from "@gaugelet/testing/bench";
import type { Contender, Load } from "./contender.ts";
import { type Placement, place } from "./placement.ts";
import { inRounds, median, medianRatio } from "./rounds.ts";

const ROUNDS = 12;
const SECONDS = 0.25;

/** One event at a time: median time from sending an event to its answer. */
export async function benchRoundTrip(floor: Contender, runtime: Contender): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const placement of ["one CPU", "free"] as const) {
    for (const { pid } of [floor, runtime]) place(pid, placement);
    rows.push(...(await measure(floor, runtime, placement)));
  }
  return rows;
}

async function measure(floor: Contender, runtime: Contender, placement: Placement): Promise<BenchRow[]> {
  const run = (contender: Contender, target: string) => (): Promise<Load> =>
    contender.measure({ do: "oneByOne", target, seconds: SECONDS });
  const measured = await inRounds(ROUNDS, {
    floor: run(floor, "floor"),
    process: run(runtime, "process"),
    sandbox: run(runtime, "sandbox"),
    // The floor against itself: how far a ratio may be off.
    control: run(floor, "floor"),
  });
  const time = (name: keyof typeof measured): number => median(measured[name], (load) => load.microseconds);
  const against = (name: keyof typeof measured, other: keyof typeof measured): number =>
    medianRatio(measured[name], measured[other], (load) => load.microseconds);
  const what = `one event at a time (${placement})`;
  // Free, the rates of two that do the same differ by more than that.
  const repeats: Bound | undefined = placement === "one CPU" ? { atLeast: 0.95 } : undefined;
  return [
    row(`floor: ${what}, p50`, time("floor"), "µs"),
    row(`floor: ${what}, against itself`, against("control", "floor"), "×"),
    row(`process: ${what}, p50`, time("process"), "µs"),
    row(`process: ${what}, against the floor`, against("process", "floor"), "×", { atMost: 1.25 }),
    row(`sandbox: ${what}, p50`, time("sandbox"), "µs"),
    row(`sandbox: ${what}, rate against process`, against("process", "sandbox"), "×", repeats),
  ];
}
