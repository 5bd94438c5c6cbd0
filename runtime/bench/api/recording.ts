import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RUNS_KEY } from "@gaugelet/shared/keys";
import { type BenchRow, row } from "@gaugelet/testing/bench";
import { waitFor } from "@gaugelet/testing/wait";
import type { Redis } from "ioredis";
import { numbered, publishBacklog } from "../topics/backlog.ts";
import type { BenchedEngine } from "../topics/engine.ts";
import { drained, progressed } from "../topics/stored.ts";
import { type BenchedFunction, TopicRuntime } from "../topics/topic-runtime.ts";
import { cpuSeconds } from "../workers/process-tree.ts";
import { inRounds, median, medianRatio } from "../workers/rounds.ts";
import { httpLoad } from "../workers/wrk.ts";

const HANDLERS = join(import.meta.dirname, "handlers");
const ROUNDS = 3;
const EVENTS = 40_000;
/** Far more are handled in the same time where few are recorded. */
const SAMPLED_EVENTS = 100_000;
/** What few records cost is less than what one round differs from the next by. */
const SAMPLED_ROUNDS = 9;
const CONNECTIONS = 32;
const SECONDS = 3;
/** V8 compiles what a call runs for some seconds, and what the embedded database does, as long as few are recorded. */
const WARM_UP_SECONDS = 6;
const LOOK_MILLISECONDS = 10;

/** A database to record in. */
export interface BenchedDatabase {
  readonly name: "PostgreSQL" | "embedded";
  /** What a runtime is told, to use it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Runs per second that it is to record. */
  readonly atLeast: number;
}

/** What all of these benchmarks need. */
export interface RecordingBench {
  readonly engine: BenchedEngine;
  readonly redis: Redis;
  readonly python: string;
  readonly folder: string;
}

function numbers(name: string, record: unknown, triggers: readonly object[]): BenchedFunction {
  const rest = { source: HANDLERS, handler: "small.handler", state: "none", record };
  return { name, ...rest, workers: { min: 1, max: 1 }, triggers: [{ http: true }, ...triggers] };
}

/** Runs per second, from the first event of a backlog to the last run in the database. */
export async function benchRecording(
  { engine, redis, python, folder }: RecordingBench,
  { name, environment, atLeast }: BenchedDatabase,
): Promise<BenchRow[]> {
  const rates: number[] = [];
  const processor: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const topic = `recorded-${name.toLowerCase()}-${round}`;
    const backlog = await publishBacklog(engine, topic, numbered(1000), EVENTS);
    const runtime = await start(engine, python, folder, environment, [
      numbers(topic, "all", [{ topic, start: "oldest" }]),
    ]);
    try {
      const first = await progressed(engine, redis, [topic], backlog, 1);
      const before = cpuSeconds(runtime.pid);
      await progressed(engine, redis, [topic], backlog, EVENTS);
      while ((await redis.xlen(RUNS_KEY)) > 0) await sleep(LOOK_MILLISECONDS);
      const seconds = (performance.now() - first.at) / 1000;
      // Once unmeasured: compiled code, a first partition.
      if (round > 0) {
        rates.push((EVENTS - first.handled) / seconds);
        processor.push(((cpuSeconds(runtime.pid) - before) / (EVENTS - first.handled)) * 1e6);
      }
    } finally {
      await runtime.stop();
      await engine.topics.delete(topic);
    }
  }
  const what = `${name}: topic → handler → every run recorded`;
  return [
    row(
      what,
      median(rates, (each) => each),
      "1/s",
      { atLeast },
    ),
    row(
      `${what}: CPU per run, without a PostgreSQL's own`,
      median(processor, (each) => each),
      "µs",
    ),
  ];
}

/** What a runtime does when it is full of work. */
type Figures = Readonly<Record<"perSecond" | "cpuMicrosecondsPerEvent", number>>;

/**
 * Topics and HTTP with one success in 100 recorded, beside a runtime that records nothing. Each round has new
 * processes: what V8 makes of one differs from the next by more than few records cost.
 */
export async function benchSampling(
  bench: RecordingBench,
  { name: database, environment }: BenchedDatabase,
): Promise<BenchRow[]> {
  const measured = await inRounds(SAMPLED_ROUNDS, {
    none: () => fullOfWork(bench, "none", { GAUGELET_CATALOG: "off" }),
    sampled: () => fullOfWork(bench, "sampled", environment),
  });
  return (["topic", "HTTP"] as const).flatMap((kind) => {
    const rate = median(measured.none, (each) => each[kind].perSecond);
    const ratio = medianRatio(measured.sampled, measured.none, (each) => each[kind].perSecond);
    const cpu = medianRatio(measured.none, measured.sampled, (each) => each[kind].cpuMicrosecondsPerEvent);
    return [
      row(`${database}: ${kind}, nothing recorded`, rate, "1/s"),
      row(`${database}: ${kind}, 1 in 100 recorded, against that`, ratio, "×", { atLeast: 0.95 }),
      row(`${database}: ${kind}, CPU of nothing recorded against 1 in 100`, cpu, "×"),
    ];
  });
}

/** Start a runtime, have it do as much as it can of both kinds, each once unmeasured before, and stop it. */
async function fullOfWork(
  { engine, redis, python, folder }: RecordingBench,
  side: string,
  environment: Readonly<Record<string, string>>,
): Promise<Readonly<Record<"topic" | "HTTP", Figures>>> {
  const policy = { oneIn: 100 };
  const runtime = await start(engine, python, folder, environment, [numbers(side, policy, [])]);
  const drain = async (): Promise<Figures> => {
    const topic = `${side}-${randomUUID()}`;
    const backlog = await publishBacklog(engine, topic, numbered(1000), SAMPLED_EVENTS);
    await runtime.change([numbers(side, policy, [{ topic, start: "oldest" }])]);
    const measured = await drained(engine, redis, side, backlog, runtime.pid);
    await runtime.change([numbers(side, policy, [])]);
    await engine.topics.delete(topic);
    return measured;
  };
  const http = async (seconds: number): Promise<Figures> => {
    const before = cpuSeconds(runtime.pid);
    const url = `${runtime.url}/functions/${side}`;
    const { perSecond, failed } = await httpLoad(url, CONNECTIONS, seconds);
    if (failed > 0) throw new Error(`${failed} calls of ${side} failed`);
    const used = cpuSeconds(runtime.pid) - before;
    return { perSecond, cpuMicrosecondsPerEvent: (used / (perSecond * seconds)) * 1e6 };
  };
  try {
    await drain();
    const ofTopic = await drain();
    await http(WARM_UP_SECONDS);
    return { topic: ofTopic, HTTP: await http(SECONDS) };
  } finally {
    await runtime.stop();
  }
}

/** Start a runtime and wait until its catalog is open, where it has one. */
async function start(
  engine: BenchedEngine,
  python: string,
  folder: string,
  environment: Readonly<Record<string, string>>,
  functions: readonly BenchedFunction[],
): Promise<TopicRuntime> {
  const told = { ...engine, environment: { ...engine.environment, ...environment } };
  const runtime = await TopicRuntime.start(told, python, folder, functions);
  if (environment.GAUGELET_CATALOG === "off") return runtime;
  await waitFor("the API", async () => (await fetch(`${runtime.url}/api/v1/openapi.json`)).ok);
  return runtime;
}
