import type { Topics } from "../../src/topics/topics.ts";

/** An engine of topics under measurement, on a real server of the benchmark's own. */
export interface BenchedEngine {
  /** As the rows call it. */
  readonly name: string;
  /** What a runtime is told besides, to use it. */
  readonly environment: Readonly<Record<string, string>>;
  /** What topics are made, filled and deleted with. */
  readonly topics: Topics;
  /** The field that the position of a topic's first partition is stored under. */
  sourceOf(topic: string): string;
  /** Program that reads a topic with the engine's client alone; see bare-consumer.ts. */
  readonly bareConsumer: URL;
  /** Port of the Redis that outputs and positions are stored in. */
  readonly redisPort: number;
  /** Most milliseconds from publishing to the stored output. */
  readonly latencyTarget: number;
}
