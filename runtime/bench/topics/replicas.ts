import { setTimeout as sleep } from "node:timers/promises";
import { type BenchRow, row } from "@gaugelet/testing/bench";
import type { Redis } from "ioredis";
import { median } from "../workers/rounds.ts";
import { numbered } from "./backlog.ts";
import type { BenchedEngine } from "./engine.ts";
import { progressed } from "./stored.ts";
import { HANDLERS, TopicRuntime, WITHOUT_CATALOG } from "./topic-runtime.ts";

const ROUNDS = 4;
const PARTITIONS = 2;
/** So many that the beginning (publishing goes on) and the end (one replica waits for the other) count for little. */
const CHUNKS = 40;
const EVENTS_OF_CHUNK = 100;
const EVENTS = CHUNKS * EVENTS_OF_CHUNK;
/** Until replicas have found out who has which partition. */
const SETTLE_MILLISECONDS = 4_000;

/** What a second replica adds where the handler waits for something, with one worker in each. */
export async function benchReplicas(
  engine: BenchedEngine,
  redis: Redis,
  python: string,
  folder: string,
): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const state of ["none", "partition"] as const) {
    const topic = `replicas-${state}`;
    await engine.topics.create(topic, { partitions: PARTITIONS });
    const shards = Array.from({ length: PARTITIONS }, (_, partition) => `${topic}-${partition}`);
    const outputKeys = state === "partition" ? shards : [topic];
    const start = (): Promise<TopicRuntime> =>
      TopicRuntime.start(
        engine,
        python,
        folder,
        [
          {
            name: topic,
            source: HANDLERS,
            handler: "wait.handler",
            state,
            output: { key: state === "partition" ? "{shard}" : topic },
            triggers: [{ topic, start: "oldest" }],
          },
        ],
        WITHOUT_CATALOG,
      );
    let published = 0;
    /** Events per second, by however many replicas there are. */
    const measure = async (): Promise<number> => {
      await sleep(SETTLE_MILLISECONDS);
      const before = published;
      published += EVENTS;
      for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
        // Without keys each goes to the next partition.
        const events = numbered(EVENTS_OF_CHUNK).map((body) => ({ body, key: null, headers: {} }));
        await engine.topics.publish(topic, events);
      }
      const backlog = { topic, numberOf: engine.numbering([]) };
      const first = await progressed(engine, redis, outputKeys, backlog, before + 1);
      const last = await progressed(engine, redis, outputKeys, backlog, published);
      return (last.handled - first.handled) / ((last.at - first.at) / 1000);
    };
    const first = await start();
    const rates = { one: [] as number[], two: [] as number[] };
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        rates.one.push(await measure());
        const second = await start();
        try {
          rates.two.push(await measure());
        } finally {
          await second.stop();
        }
      }
    } finally {
      await first.stop();
    }
    const [one, two] = [median(rates.one, Number), median(rates.two, Number)];
    const what = `${engine.name}: a handler that waits 2 ms, state: ${state}`;
    rows.push(
      row(`${what}, 1 replica`, one, "1/s"),
      row(`${what}, 2 replicas on ${PARTITIONS} partitions`, two, "1/s"),
      row(`${what}, 2 replicas against 1`, two / one, "×", { atLeast: 1.9 }),
    );
  }
  return rows;
}
