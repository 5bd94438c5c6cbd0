import type { Partition } from "../topics.ts";

/** A partition, named after its topic's id as well: a topic that is made anew begins with offset 0 again. */
export function partitionOf(topic: string, topicId: string, number: number): Partition {
  return { topic, number, source: `kafka:${topic}@${topicId}:${number}` };
}
