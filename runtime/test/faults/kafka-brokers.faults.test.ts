import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  countedOnceBySource,
  counting,
  SOURCES,
  startBoth,
  tallyBySource,
  useKafkaPlace,
} from "./kafka-place.ts";
import { Keyed } from "./keyed.ts";
import { report } from "./numbered.ts";

const place = useKafkaPlace({ brokers: 3 });

test("one of three brokers killed, then the leaders one after the other: nothing lost, nothing doubled", async () => {
  const topic = "t";
  await place.topics.create(topic, { partitions: 3 });
  const stage = await place.set([counting("partition", topic)]);
  await startBoth(stage);
  const keyed = new Keyed(place.topics, topic, SOURCES);
  const stopSending = keyed.keepSending(50);
  await sleep(3_000);
  const took: number[] = [];
  // With three partitions each broker leads one, and one leads the group.
  for (const broker of [1, 2, 3]) {
    await place.kafka.crash(broker);
    const before = { ...keyed.sent };
    const killed = performance.now();
    await sleep(1_000);
    const after = Object.fromEntries(Object.entries(before).map(([source, n]) => [source, n + 1]));
    await place.countedTo(after);
    took.push((performance.now() - killed) / 1000);
    await sleep(2_000);
    await place.kafka.restart(broker);
    await sleep(5_000);
  }
  await stopSending();
  const counted = await place.countedTo(keyed.sent);
  report(
    "Kafka, each of three brokers killed",
    tallyBySource(keyed.sent, counted),
    `all partitions went on within ${took.map((seconds) => seconds.toFixed(1)).join(", ")} s`,
  );
  expect(counted).toEqual(countedOnceBySource(keyed.sent));
});
