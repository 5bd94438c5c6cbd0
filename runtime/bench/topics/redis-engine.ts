import { RedisStreamTopics } from "../../src/topics/redis-stream/redis-stream-topics.ts";
import type { BenchedEngine } from "./engine.ts";

/** Redis Streams, in the Redis that outputs are stored in as well. */
export function redisEngine(redisPort: number): BenchedEngine {
  const address = { host: "127.0.0.1", port: redisPort, username: undefined, password: undefined, db: 0 };
  return {
    name: "Redis",
    environment: {},
    topics: new RedisStreamTopics(address, () => {}),
    sourcesOf: (topic) => `stream:${topic}`,
    numbering: (published) => {
      const numbers = new Map(published.map((position, index) => [position, index + 1]));
      return (position) => numbers.get(position) ?? 0;
    },
    bareConsumer: new URL("bare-redis-consumer.ts", import.meta.url),
    redisPort,
    latencyTarget: 3,
  };
}
