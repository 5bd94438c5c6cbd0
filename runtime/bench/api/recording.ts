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
const SAMPLED_EVENTS = 150_000;
/** Each time anew: the other one has had the machine for some seconds. */
const UNMEASURED_EVENTS = 50_000;
const UNMEASURED_SECONDS = 2;
const ONE_IN_100 = { oneIn: 100 };
const PAIRS = 6;
const SAMPLED_ROUNDS = 3;
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
 * Topics and HTTP with one success in 100 recorded, beside a runtime that records nothing: several pairs of them, as
 * what V8 makes of one process differs from the next by more than few records cost. The two of a pair are measured in
 * turns, as the machine may be half as fast a minute later.
 */
export async function benchSampling(
  bench: RecordingBench,
  { name: database, environment }: BenchedDatabase,
): Promise<BenchRow[]> {
  const none = { topic: [] as Figures[], HTTP: [] as Figures[] };
  const sampled = { topic: [] as Figures[], HTTP: [] as Figures[] };
  for (let pair = 1; pair <= PAIRS; pair += 1) {
    const beside = await SampledRuntime.start(bench, `none-${pair}`, { GAUGELET_CATALOG: "off" });
    const recording = await SampledRuntime.start(bench, `sampled-${pair}`, environment);
    try {
      for (const kind of ["topic", "HTTP"] as const) {
        const sides = { none: () => beside.measure(kind), sampled: () => recording.measure(kind) };
        for (const side of [beside, recording]) await side.warmUp(kind);
        const measured = await inRounds(SAMPLED_ROUNDS, sides);
        none[kind].push(...measured.none);
        sampled[kind].push(...measured.sampled);
      }
    } finally {
      await beside.stop();
      await recording.stop();
    }
  }
  return (["topic", "HTTP"] as const).flatMap((kind) => {
    const rate = median(none[kind], (each) => each.perSecond);
    const ratio = medianRatio(sampled[kind], none[kind], (each) => each.perSecond);
    const cpu = medianRatio(none[kind], sampled[kind], (each) => each.cpuMicrosecondsPerEvent);
    return [
      row(`${database}: ${kind}, nothing recorded`, rate, "1/s"),
      row(`${database}: ${kind}, 1 in 100 recorded, against that`, ratio, "×", { atLeast: 0.95 }),
      row(`${database}: ${kind}, CPU of nothing recorded against 1 in 100`, cpu, "×"),
    ];
  });
}

/** A runtime that is given as much as it can do, of one success in 100 recorded where it has a catalog. */
class SampledRuntime {
  readonly #bench: RecordingBench;
  readonly #name: string;
  readonly #runtime: TopicRuntime;

  static async start(
    bench: RecordingBench,
    name: string,
    environment: Readonly<Record<string, string>>,
  ): Promise<SampledRuntime> {
    const { engine, python, folder } = bench;
    const runtime = await start(engine, python, folder, environment, [numbers(name, ONE_IN_100, [])]);
    return new SampledRuntime(bench, name, runtime);
  }

  private constructor(bench: RecordingBench, name: string, runtime: TopicRuntime) {
    this.#bench = bench;
    this.#name = name;
    this.#runtime = runtime;
  }

  async warmUp(kind: "topic" | "HTTP"): Promise<void> {
    if (kind === "topic") await this.#drain();
    else await this.#call(WARM_UP_SECONDS);
  }

  async measure(kind: "topic" | "HTTP"): Promise<Figures> {
    if (kind === "HTTP") await this.#call(UNMEASURED_SECONDS);
    const measured = kind === "topic" ? await this.#drain() : await this.#call(SECONDS);
    // Or the other one would share the machine with the rest of it.
    while ((await this.#bench.redis.xlen(RUNS_KEY)) > 0) await sleep(LOOK_MILLISECONDS);
    return measured;
  }

  async stop(): Promise<void> {
    await this.#runtime.stop();
  }

  async #drain(): Promise<Figures> {
    const { engine, redis } = this.#bench;
    const topic = `${this.#name}-${randomUUID()}`;
    const backlog = await publishBacklog(engine, topic, numbered(1000), SAMPLED_EVENTS);
    await this.#runtime.change([numbers(this.#name, ONE_IN_100, [{ topic, start: "oldest" }])]);
    const { pid } = this.#runtime;
    const measured = await drained(engine, redis, this.#name, backlog, pid, UNMEASURED_EVENTS);
    await this.#runtime.change([numbers(this.#name, ONE_IN_100, [])]);
    await engine.topics.delete(topic);
    return measured;
  }

  async #call(seconds: number): Promise<Figures> {
    const { pid, url } = this.#runtime;
    const before = cpuSeconds(pid);
    const { perSecond, failed } = await httpLoad(`${url}/functions/${this.#name}`, CONNECTIONS, seconds);
    if (failed > 0) throw new Error(`${failed} calls of ${this.#name} failed`);
    const used = cpuSeconds(pid) - before;
    return { perSecond, cpuMicrosecondsPerEvent: (used / (perSecond * seconds)) * 1e6 };
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
