import { startRedis } from "@gaugelet/testing/redis-server";
import { RedisStreamTopics } from "../../src/topics/redis-stream/redis-stream-topics.ts";
import { topicsConformance } from "./conformance/suite.ts";

topicsConformance("topics on Redis Streams", async () => {
  const redis = await startRedis();
  const address = { host: "127.0.0.1", port: redis.port, username: undefined, password: undefined, db: 0 };
  return {
    connect: () => new RedisStreamTopics(address, () => {}),
    mostPartitions: 1,
    retention: { seconds: 3_600, events: 5_000, bytes: null },
    // Redis drops whole nodes of a stream, of 100 entries at most.
    dropping: { options: { retention: { events: 200 } }, events: 1_000, atMost: 300 },
    close: () => redis.stop(),
  };
});
