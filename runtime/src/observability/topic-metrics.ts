import { Counter, Gauge, type Registry } from "prom-client";
import type { TopicLag } from "../topics/topics.ts";

/** What is read of a function's topics at each scrape. */
export interface ObservedTopics {
  /** Events that came so far, by topic. */
  readonly consumed: ReadonlyMap<string, number>;
  /** Partitions that were assigned so far. */
  readonly assignments: number;
  /** Unix milliseconds of the oldest event that came and is not over, by topic; undefined: there is none. */
  readonly oldest: ReadonlyMap<string, number | undefined>;
  /** Whether events come, or would if there were any. */
  readonly isReading: boolean;
  /** How far the function is behind; none where that cannot be asked now. */
  readonly lag: () => Promise<readonly TopicLag[]>;
}

interface FunctionTopics {
  readonly function: string;
  readonly topics: ObservedTopics;
}

const LABELS = ["topic", "function"] as const;

/** Metrics of functions that are bound to topics. */
export class TopicMetrics {
  readonly published: Counter<(typeof LABELS)[number]>;
  readonly retries: Counter<(typeof LABELS)[number]>;

  /** @param observe what is true of each function now, read at each scrape. */
  constructor(registry: Registry, observe: () => Iterable<FunctionTopics>) {
    const registers = [registry];
    this.published = new Counter({
      name: "gaugelet_topic_published_events_total",
      help: "Outputs that were published to a topic, by the function that returned them.",
      labelNames: LABELS,
      registers,
    });
    this.retries = new Counter({
      name: "gaugelet_topic_retries_total",
      help: "Events of a topic that failed and are tried again.",
      labelNames: LABELS,
      registers,
    });
    const consumed: Counter<(typeof LABELS)[number]> = new Counter({
      name: "gaugelet_topic_consumed_events_total",
      help: "Events of a topic that came to a function.",
      labelNames: LABELS,
      registers,
      collect: () => {
        consumed.reset();
        for (const { function: name, topics } of observe()) {
          for (const [topic, count] of topics.consumed) consumed.inc({ topic, function: name }, count);
        }
      },
    });
    const assignments: Counter<"function"> = new Counter({
      name: "gaugelet_topic_assignments_total",
      help: "Partitions that a function was assigned: more of them than partitions are rebalances.",
      labelNames: ["function"] as const,
      registers,
      collect: () => {
        assignments.reset();
        for (const { function: name, topics } of observe()) {
          assignments.inc({ function: name }, topics.assignments);
        }
      },
    });
    const reading: Gauge<"function"> = new Gauge({
      name: "gaugelet_topic_reading",
      help: "1 where the function reads its topics; 0 where none of their events come: the engine is away, or a topic does not exist.",
      labelNames: ["function"] as const,
      registers,
      collect: () => {
        reading.reset();
        for (const { function: name, topics } of observe()) {
          reading.set({ function: name }, topics.isReading ? 1 : 0);
        }
      },
    });
    const lag: Gauge<(typeof LABELS)[number]> = new Gauge({
      name: "gaugelet_topic_lag_events",
      help: "Events of a topic that a function has not handled.",
      labelNames: LABELS,
      registers,
      collect: async () => {
        const all = await Promise.all(
          [...observe()].map(async ({ function: name, topics }) => ({ name, lags: await topics.lag() })),
        );
        lag.reset();
        for (const { name, lags } of all) {
          for (const { topic, events } of lags) lag.set({ topic, function: name }, events);
        }
      },
    });
    const age: Gauge<(typeof LABELS)[number]> = new Gauge({
      name: "gaugelet_topic_oldest_event_age_seconds",
      help: "Age of the oldest event of a topic that came to a function and is not handled; 0: there is none.",
      labelNames: LABELS,
      registers,
      collect: () => {
        age.reset();
        const now = Date.now();
        for (const { function: name, topics } of observe()) {
          for (const [topic, oldest] of topics.oldest) {
            const seconds = oldest === undefined ? 0 : Math.max(0, now - oldest) / 1000;
            age.set({ topic, function: name }, seconds);
          }
        }
      },
    });
  }
}
