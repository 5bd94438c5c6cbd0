import { setTimeout as sleep } from "node:timers/promises";
import { positionKey } from "@gaugelet/shared/keys";
import { type BenchRow, row } from "@gaugelet/testing/bench";
import type { Redis } from "ioredis";
import { cpuSeconds } from "../workers/process-tree.ts";
import { inRounds, median } from "../workers/rounds.ts";
import { numbered } from "./backlog.ts";
import type { BenchedEngine } from "./engine.ts";
import { HANDLERS, TopicRuntime, WITHOUT_CATALOG } from "./topic-runtime.ts";

const FEW = 10;
const MANY = 1_000;
/** One differs from the next by a fifth, with one and the same number of topics too. */
const ROUNDS = 7;
/** So does one runtime from the next, for as long as it runs: what V8 has compiled is never quite the same. */
const RUNTIMES = 3;
/** The clock counts hundredths of a second: so many that these do not matter. */
const CHUNKS = 2_000;
const EVENTS_OF_CHUNK = 20;
/** Chunks on their way at a time. */
const AT_ONCE = 16;
const LOOK_MILLISECONDS = 20;
/** What a runtime does once it is there should be over. */
const SETTLE_MILLISECONDS = 3_000;

/** Topics that are there, of which one has a trigger; or triggers, each on a topic of its own. */
type Kind = "topics" | "triggers";

/** CPU time per event with few and with many topics, and with few and with many triggers. */
export async function benchCurve(
  engine: BenchedEngine,
  redis: Redis,
  python: string,
  folder: string,
): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const kind of ["topics", "triggers"] as const) {
    const measured = { few: [] as number[], many: [] as number[] };
    for (let runtime = 1; runtime <= RUNTIMES; runtime += 1) {
      const start = (count: number): Promise<Side> =>
        Side.start(`${kind}-${count}-${runtime}`, kind, count, engine, redis, python, folder);
      const few = await start(FEW);
      const many = await start(MANY);
      try {
        await sleep(SETTLE_MILLISECONDS);
        const sides = { few: () => few.measure(), many: () => many.measure() };
        await inRounds(1, sides);
        const rounds = await inRounds(ROUNDS, sides);
        measured.few.push(...rounds.few);
        measured.many.push(...rounds.many);
      } finally {
        await few.stop();
        await many.stop();
      }
    }
    const cpu = (side: keyof typeof measured): number => median(measured[side], (each) => each);
    const what = (count: number): string => `${engine.name}: ${count.toLocaleString("en")} ${kind}`;
    rows.push(
      row(`${what(FEW)}: CPU per event`, cpu("few"), "µs"),
      row(`${what(MANY)}: CPU per event`, cpu("many"), "µs"),
      row(`${what(MANY)}, against ${FEW}`, cpu("many") / cpu("few"), "×", { atMost: 1.1 }),
    );
  }
  return rows;
}

/** A runtime with so many topics or triggers. */
class Side {
  readonly #name: string;
  readonly #engine: BenchedEngine;
  readonly #redis: Redis;
  readonly #runtime: TopicRuntime;
  readonly #topics: readonly string[];
  readonly #bound: readonly string[];

  static async start(
    name: string,
    kind: Kind,
    count: number,
    engine: BenchedEngine,
    redis: Redis,
    python: string,
    folder: string,
  ): Promise<Side> {
    const topics = Array.from({ length: count }, (_, index) => `${name}-${index}`);
    await Promise.all(topics.map((topic) => engine.topics.create(topic, {})));
    const bound = kind === "topics" ? topics.slice(0, 1) : topics;
    const runtime = await TopicRuntime.start(
      engine,
      python,
      folder,
      [
        {
          name,
          source: HANDLERS,
          handler: "number.handler",
          triggers: bound.map((topic) => ({ topic, start: "oldest" })),
        },
      ],
      WITHOUT_CATALOG,
    );
    return new Side(name, engine, redis, runtime, topics, bound);
  }

  private constructor(
    name: string,
    engine: BenchedEngine,
    redis: Redis,
    runtime: TopicRuntime,
    topics: readonly string[],
    bound: readonly string[],
  ) {
    this.#name = name;
    this.#engine = engine;
    this.#redis = redis;
    this.#runtime = runtime;
    this.#topics = topics;
    this.#bound = bound;
  }

  /** Publish events to the topics in turn. @returns CPU of the runtime until all are stored, microseconds an event. */
  async measure(): Promise<number> {
    const events = numbered(EVENTS_OF_CHUNK).map((body) => ({ body, key: null, headers: {} }));
    const last = new Map<string, string>();
    let chunk = 0;
    const publish = async (): Promise<void> => {
      while (chunk < CHUNKS) {
        const topic = this.#bound[chunk++ % this.#bound.length] as string;
        const position = (await this.#engine.topics.publish(topic, events)).at(-1) as string;
        last.set(topic, position);
      }
    };
    const before = cpuSeconds(this.#runtime.pid);
    await Promise.all(Array.from({ length: AT_ONCE }, publish));
    while (!(await this.#isStored(last))) await sleep(LOOK_MILLISECONDS);
    return ((cpuSeconds(this.#runtime.pid) - before) / (CHUNKS * EVENTS_OF_CHUNK)) * 1e6;
  }

  async stop(): Promise<void> {
    await this.#runtime.stop();
    await Promise.all(this.#topics.map((topic) => this.#engine.topics.delete(topic)));
  }

  /** Whether nothing of the topics is left. */
  async #isStored(last: ReadonlyMap<string, string>): Promise<boolean> {
    const { sourcesOf } = this.#engine;
    const stored = Object.entries(await this.#redis.hgetall(positionKey(this.#name)));
    const positions = new Set(stored.map(([source, position]) => `${source}=${position}`));
    return [...last].every(([topic, position]) => positions.has(`${sourcesOf(topic)}=${position}`));
  }
}
