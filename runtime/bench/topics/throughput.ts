import { RUNS_KEY } from "@gaugelet/shared/keys";
import { type BenchRow, row } from "@gaugelet/testing/bench";
import { waitFor } from "@gaugelet/testing/wait";
import type { Redis } from "ioredis";
import type { Contender } from "../workers/contender.ts";
import { HANDLER_FOLDER } from "../workers/floor.ts";
import { referenceEvents } from "../workers/reference/events.ts";
import { inRounds, median, medianRatio } from "../workers/rounds.ts";
import { publishBacklog } from "./backlog.ts";
import { countAlone } from "./bare-consumer.ts";
import type { BenchedEngine } from "./engine.ts";
import { type Drained, drained } from "./stored.ts";
import {
  type BenchedFunction,
  TopicRuntime,
  type TopicRuntimeOptions,
  WITHOUT_CATALOG,
} from "./topic-runtime.ts";

const ROUNDS = 9;
const SECONDS = 2;
const IN_FLIGHT = 256;
/** As many as the worker is called with in its seconds: about as warm as that is measured. */
const EVENTS = 100_000;
/** Where every run is recorded, which takes longer. */
const RECORDED_EVENTS = 30_000;
const RECORDED_ROUNDS = 3;
/** The worker as it is called without a topic. */
export interface CalledWorkers {
  /** A bare Node program in front of one bare Python loop. */
  readonly floor: Contender;
  /** The runtime's own worker, called from inside the runtime: the raw worker. */
  readonly worker: Contender;
}

/**
 * The reference handler on a backlog, until each event's position is stored, beside the same handler called without
 * a topic, and a consumer of the same client that only counts. What it costs besides to record every run is measured
 * in a runtime of its own: the others have no catalog, or one of them would record the runs of all.
 */
export async function benchThroughput(
  engine: BenchedEngine,
  redis: Redis,
  { floor, worker }: CalledWorkers,
  python: string,
  folder: string,
): Promise<BenchRow[]> {
  const topic = await BacklogRuntime.start(engine, redis, python, folder, {
    name: "topic",
    events: EVENTS,
    options: WITHOUT_CATALOG,
  });
  const recorded = await BacklogRuntime.start(engine, redis, python, folder, {
    name: "recorded",
    events: RECORDED_EVENTS,
  });
  const call = (contender: Contender, target: string) => (): Promise<Drained> =>
    contender.measure({ do: "pipelined", target, inFlight: IN_FLIGHT, seconds: SECONDS });
  const contenders = {
    floor: call(floor, "floor"),
    worker: call(worker, "process"),
    topic: () => topic.measure(),
  };
  const recording = { recorded: () => recorded.measure() };
  try {
    // Once unmeasured: compiled code, filled caches.
    await inRounds(1, contenders);
    topic.counted.length = 0;
    const measured = {
      ...(await inRounds(ROUNDS, contenders)),
      // By itself: it takes so long that the others would not be warm any more.
      ...(await inRounds(RECORDED_ROUNDS, recording)),
    };
    const rate = (name: keyof typeof measured): number => median(measured[name], (each) => each.perSecond);
    const cpu = (name: keyof typeof measured): number =>
      median(measured[name], (each) => each.cpuMicrosecondsPerEvent);
    const against = (other: "worker" | "floor"): number =>
      medianRatio(measured.topic, measured[other], (each) => each.perSecond);
    const counted = median(topic.counted, (each) => each);
    const what = `${engine.name}: backlog → reference handler → stored`;
    return [
      row(`${engine.name}: floor, called without a topic`, rate("floor"), "1/s"),
      row(`${engine.name}: raw worker, called without a topic`, rate("worker"), "1/s"),
      row(what, rate("topic"), "1/s"),
      row(`${what}, against the raw worker`, against("worker"), "×", { atLeast: 0.7 }),
      row(`${what}, against the floor`, against("floor"), "×"),
      row(`${engine.name}: raw worker: CPU per event`, cpu("worker"), "µs"),
      row(`${what}: CPU per event`, cpu("topic"), "µs"),
      row(`${what}, every run recorded`, rate("recorded"), "1/s"),
      row(`${what}, every run recorded: CPU per event`, cpu("recorded"), "µs"),
      row(`${engine.name}: a bare consumer that only counts`, counted, "1/s"),
      row(`${what}: share of the time beyond the bare consumer's`, 100 * (1 - rate("topic") / counted), "%"),
    ];
  } finally {
    await topic.stop();
    await recorded.stop();
  }
}

interface BacklogOptions {
  /** Of its function, and what its topics are named after. */
  readonly name: string;
  /** Of each backlog. */
  readonly events: number;
  readonly options?: TopicRuntimeOptions;
}

/** A runtime that works off one backlog of the reference handler's events after another. */
class BacklogRuntime {
  readonly #engine: BenchedEngine;
  readonly #redis: Redis;
  readonly #runtime: TopicRuntime;
  readonly #name: string;
  readonly #events: number;
  readonly #bodies: readonly Buffer[];
  #round = 0;
  #worked: string | undefined;
  /** Events per second of a consumer that only counts, of each backlog. */
  readonly counted: number[] = [];

  static async start(
    engine: BenchedEngine,
    redis: Redis,
    python: string,
    folder: string,
    { name, events, options }: BacklogOptions,
  ): Promise<BacklogRuntime> {
    const functions = [reference(name)];
    const runtime = await TopicRuntime.start(engine, python, folder, functions, options);
    return new BacklogRuntime(engine, redis, runtime, { name, events, options }, await referenceEvents());
  }

  private constructor(
    engine: BenchedEngine,
    redis: Redis,
    runtime: TopicRuntime,
    { name, events }: BacklogOptions,
    bodies: readonly Buffer[],
  ) {
    this.#engine = engine;
    this.#redis = redis;
    this.#runtime = runtime;
    this.#name = name;
    this.#events = events;
    this.#bodies = bodies;
  }

  async measure(): Promise<Drained> {
    // The runtime has long given it up by now.
    const before = this.#worked;
    this.#worked = undefined;
    if (before !== undefined) await this.#engine.topics.delete(before);
    this.#round += 1;
    const topic = `${this.#name}-${this.#round}`;
    const backlog = await publishBacklog(this.#engine, topic, this.#bodies, this.#events);
    await this.#runtime.change([reference(this.#name, { topic, start: "oldest" })]);
    const measured = await drained(this.#engine, this.#redis, this.#name, backlog, this.#runtime.pid);
    // What is still to be recorded is no part of what is measured next.
    await waitFor("all runs to be recorded", async () => (await this.#redis.xlen(RUNS_KEY)) === 0);
    this.counted.push(await countAlone(this.#engine, topic, this.#events));
    await this.#runtime.change([reference(this.#name)]);
    this.#worked = topic;
    return measured;
  }

  async stop(): Promise<void> {
    await this.#runtime.stop();
    // What went wrong is told, not what comes of it.
    if (this.#worked !== undefined) await this.#engine.topics.delete(this.#worked).catch(() => {});
  }
}

function reference(name: string, ...triggers: readonly object[]): BenchedFunction {
  return { name, source: HANDLER_FOLDER, triggers: [{ http: true }, ...triggers] };
}
