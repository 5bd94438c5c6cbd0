import { garbageCollector } from "@gaugelet/testing/garbage";
import { startRedis } from "@gaugelet/testing/redis-server";
import { expect, onTestFinished, test } from "vitest";
import { numberedEvents } from "./conformance/case.ts";
import { addressOf, useTopics } from "./redis-stream-server.ts";

const EVENTS = 5_000;

const { connect } = useTopics();

test("events that were given leave nothing that only a full collection takes away", async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const topics = connect(addressOf(redis));
  const names = ["once", "twice"];
  for (const name of names) await topics.publish(name, numberedEvents(0, EVENTS));
  const collectGarbage = garbageCollector();
  const readAll = async (name: string): Promise<void> => {
    let came = 0;
    const all = Promise.withResolvers<void>();
    const consumer = topics.consume("g", new Map([[name, "oldest"]]), {
      onAssigned: async () => undefined,
      onEvents: (partition, events) => {
        came += events.length;
        consumer.commit(partition, events.at(-1)?.position ?? "");
        setImmediate(() => {
          collectGarbage({ type: "minor" });
          if (came === EVENTS) all.resolve();
        });
      },
      onRevoked: () => {},
      onProblem: () => {},
    });
    await all.promise;
    await consumer.stop();
    collectGarbage({ type: "minor" });
  };
  await readAll("once");
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  await readAll("twice");
  // Entries that stay with their replies are more than twice that.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(EVENTS * 200);
});
