import type { Topics } from "../../src/topics/topics.ts";

/** An engine of topics under measurement, on a real server of the benchmark's own. */
export interface BenchedEngine {
  /** As the rows call it. */
  readonly name: string;
  /** What a runtime is told besides, to use it. */
  readonly environment: Readonly<Record<string, string>>;
  /** What topics are made, filled and deleted with. */
  readonly topics: Topics;
  /** What the fields begin with that a topic's positions are stored under, one for each partition. */
  readonly sourcesOf: (topic: string) => string;
  /**
   * How many events of a partition there are up to a position.
   *
   * @param published the positions of all, in order, where the topic has one partition.
   */
  readonly numbering: (published: readonly string[]) => (position: string) => number;
  /** Program that reads a topic with the engine's client alone; see bare-consumer.ts. */
  readonly bareConsumer: URL;
  /** Port of the Redis that outputs and positions are stored in. */
  readonly redisPort: number;
  /** Most milliseconds from publishing to the stored output. */
  readonly latencyTarget: number;
}
