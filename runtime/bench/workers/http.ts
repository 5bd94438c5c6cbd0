import { type BenchRow, type Bound, row } from "@gaugelet/testing/bench";
import { type Placement, place } from "./placement.ts";
import { inRounds, median, medianRatio } from "./rounds.ts";
import { type HttpLoad, httpLoad } from "./wrk.ts";

/** All servers are warm before: the runtime has had events of another kind, which V8 has compiled it for. */
const WARM_UP_SECONDS = 3;
const ROUNDS_OF_ONE = 5;
const ROUNDS = 3;
const SECONDS = 2;
const CROWDS = [64, 512];
const CROWD_SECONDS = 3;

/** One of the compared servers: where it takes the event, and the process that it and its children are of. */
export interface Target {
  readonly url: string;
  readonly pid: number;
}

export interface HttpTargets {
  /** A bare Node HTTP server in front of one Python loop. */
  readonly floor: Target;
  /** functions-framework. */
  readonly peer: Target;
  readonly process: Target;
  readonly sandbox: Target;
}

/** Calls over HTTP: the time of one with one connection, the rate with eight, and what more connections do. */
export async function benchHttp(targets: HttpTargets): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const { url } of Object.values(targets) as Target[]) await httpLoad(url, 8, WARM_UP_SECONDS);
  for (const placement of ["one CPU", "free"] as const) {
    for (const { pid } of Object.values(targets) as Target[]) place(pid, placement);
    rows.push(...(await oneConnection(targets, placement)));
  }
  return [...rows, ...(await manyConnections(targets))];
}

async function oneConnection(targets: HttpTargets, placement: Placement): Promise<BenchRow[]> {
  const run =
    ({ url }: Target) =>
    (): Promise<HttpLoad> =>
      httpLoad(url, 1, 1, placement);
  const measured = await inRounds(ROUNDS_OF_ONE, {
    floor: run(targets.floor),
    process: run(targets.process),
    sandbox: run(targets.sandbox),
    peer: run(targets.peer),
    // The floor against itself: how far a ratio may be off.
    control: run(targets.floor),
  });
  const time = (name: keyof typeof measured): number => median(measured[name], (load) => load.microseconds);
  const against = (name: keyof typeof measured, other: keyof typeof measured): number =>
    medianRatio(measured[name], measured[other], (load) => load.microseconds);
  const what = `HTTP, 1 connection (${placement})`;
  // Free, the rates of two that do the same differ by more than that.
  const repeats: Bound | undefined = placement === "one CPU" ? { atLeast: 0.95 } : undefined;
  return [
    row(`floor: ${what}, p50`, time("floor"), "µs"),
    row(`floor: ${what}, against itself`, against("control", "floor"), "×"),
    row(`functions-framework: ${what}, p50`, time("peer"), "µs"),
    row(`process: ${what}, p50`, time("process"), "µs"),
    row(`process: ${what}, against the floor`, against("process", "floor"), "×", { atMost: 1.2 }),
    row(`sandbox: ${what}, p50`, time("sandbox"), "µs"),
    row(
      `sandbox: ${what}, rate against process`,
      // wrk tells times in whole microseconds: of so few a rate is more exact.
      medianRatio(measured.sandbox, measured.process, (load) => load.perSecond),
      "×",
      repeats,
    ),
  ];
}

async function manyConnections(targets: HttpTargets): Promise<BenchRow[]> {
  const measured = await inRounds(ROUNDS, {
    floor: () => httpLoad(targets.floor.url, 8, SECONDS),
    process: () => httpLoad(targets.process.url, 8, SECONDS),
    sandbox: () => httpLoad(targets.sandbox.url, 8, SECONDS),
    peer: () => httpLoad(targets.peer.url, 8, SECONDS),
  });
  const rate = (name: keyof typeof measured): number => median(measured[name], (load) => load.perSecond);
  const against = (name: keyof typeof measured, other: keyof typeof measured): number =>
    medianRatio(measured[name], measured[other], (load) => load.perSecond);
  const failed = (loads: readonly HttpLoad[]): number => loads.reduce((sum, load) => sum + load.failed, 0);
  return [
    row("floor: HTTP, 8 connections", rate("floor"), "1/s"),
    row("functions-framework: HTTP, 8 connections", rate("peer"), "1/s"),
    row("functions-framework: failures", failed(measured.peer), ""),
    row("process: HTTP, 8 connections", rate("process"), "1/s"),
    row("process: failures", failed(measured.process), "", { atMost: 0 }),
    row("process: against the floor", against("process", "floor"), "×", { atLeast: 0.8 }),
    row("process: against functions-framework", against("process", "peer"), "×", { atLeast: 6 }),
    row("sandbox: HTTP, 8 connections", rate("sandbox"), "1/s"),
    row("sandbox: failures", failed(measured.sandbox), "", { atMost: 0 }),
    row("sandbox: against process", against("sandbox", "process"), "×", { atLeast: 0.95 }),
    ...(await crowd("process", targets.process.url, rate("process"))),
    ...(await crowd("sandbox", targets.sandbox.url, rate("sandbox"))),
  ];
}

/** Many more connections than the machine can serve at once: none may fail, and the rate must hold. */
async function crowd(name: string, url: string, withEight: number): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const connections of CROWDS) {
    const { perSecond, failed } = await httpLoad(url, connections, CROWD_SECONDS);
    rows.push(
      row(`${name}: HTTP, ${connections} connections`, perSecond, "1/s"),
      row(`${name}: failures`, failed, "", { atMost: 0 }),
      row(`${name}: against 8 connections`, perSecond / withEight, "×", { atLeast: 0.7 }),
    );
  }
  return rows;
}
