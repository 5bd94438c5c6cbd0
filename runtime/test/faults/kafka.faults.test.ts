import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { kill } from "../integration/functions.ts";
import { PASSES, writesOutside } from "./handlers.ts";
import {
  countedOnceBySource,
  counting,
  SOURCES,
  startBoth,
  tallyBySource,
  useKafkaPlace,
} from "./kafka-place.ts";
import { Keyed } from "./keyed.ts";
import { report, tallyOf } from "./numbered.ts";

const place = useKafkaPlace();
let made = 0;

/** A topic of the test's own. */
async function makeTopic(partitions = 3): Promise<string> {
  made += 1;
  const topic = `t${made}`;
  await place.topics.create(topic, { partitions });
  return topic;
}

test.each(["function", "partition"] as const)(
  "state: %s: workers and replicas that are killed lose nothing and double nothing",
  async (state) => {
    const topic = await makeTopic();
    const stage = await place.set([counting(state, topic)]);
    const replicas = await startBoth(stage);
    const keyed = new Keyed(place.topics, topic, SOURCES);
    const stopSending = keyed.keepSending(100);
    const killed = { workers: 0, replicas: 0 };
    for (let turn = 0; turn < 6; turn += 1) {
      await sleep(1_000 + Math.random() * 2_000);
      const replica = replicas[turn % 2];
      const workers = (await replica?.workers()) ?? [];
      for (const pid of workers) if (kill(pid)) killed.workers += 1;
      if (turn % 2 === 0) continue;
      await replica?.kill();
      killed.replicas += 1;
      replicas[turn % 2] = stage.start();
    }
    await stopSending();
    const counted = await place.countedTo(keyed.sent);
    const tally = tallyBySource(keyed.sent, counted);
    report(`Kafka, state: ${state}`, tally, `${killed.workers} workers, ${killed.replicas} replicas killed`);
    expect(counted).toEqual(countedOnceBySource(keyed.sent));
  },
);

test("a replica that is paused for longer than a session is replaced, and writes nothing after", async () => {
  const topic = await makeTopic();
  const stage = await place.set([counting("partition", topic)]);
  const replicas = await startBoth(stage);
  const keyed = new Keyed(place.topics, topic, SOURCES);
  const stopSending = keyed.keepSending(100);
  await sleep(3_000);
  for (const replica of replicas) {
    await replica.pause();
    await sleep(12_000);
    await replica.resume();
    await sleep(3_000);
  }
  await stopSending();
  const counted = await place.countedTo(keyed.sent);
  report("Kafka, a replica paused for 12 s", tallyBySource(keyed.sent, counted));
  expect(counted).toEqual(countedOnceBySource(keyed.sent));
});

test("calls that take longer than a session keep their partitions", async () => {
  const topic = await makeTopic(1);
  const slow = { ...counting("partition", topic), limits: { timeout: "60s" } };
  const stage = await place.set([slow]);
  const replica = stage.start();
  await replica.started();
  const keyed = new Keyed(place.topics, topic, ["a"]);
  await keyed.send(2, { wait: 8 });
  await keyed.send(50);
  const counted = await place.countedTo(keyed.sent);
  const assigned = /gaugelet_topic_assignments_total\{.*\} (\d+)/.exec(
    (await replica.ask("/metrics")).text,
  )?.[1];
  const tally = tallyBySource(keyed.sent, counted);
  report("Kafka, calls of 8 s", tally, `${assigned} assignments`);
  expect(counted).toEqual(countedOnceBySource(keyed.sent));
  expect(assigned).toBe("1");
});

test("a rolling restart loses nothing, and handles again at most what was under way", async () => {
  const topic = await makeTopic();
  const outside = { name: "outside-writer", code: writesOutside(place.redis.port), state: "none" };
  const triggers = [{ topic, start: "oldest" }];
  const stage = await place.set([counting("partition", topic), { ...outside, triggers }]);
  const replicas = await startBoth(stage);
  const keyed = new Keyed(place.topics, topic, SOURCES);
  const stopSending = keyed.keepSending(50);
  for (let turn = 0; turn < 4; turn += 1) {
    await sleep(3_000);
    expect(await replicas[turn % 2]?.stop()).toBe(0);
    const next = stage.start();
    replicas[turn % 2] = next;
    await next.started(2);
  }
  await stopSending();
  const counted = await place.countedTo(keyed.sent);
  report("Kafka, rolling restart", tallyBySource(keyed.sent, counted));
  expect(counted).toEqual(countedOnceBySource(keyed.sent));
  const sent = Object.values(keyed.sent).reduce((sum, n) => sum + n, 0);
  const handled = await waitFor("all outside", async () => {
    const count = await place.redis.client.llen("outside");
    return count >= sent && count;
  });
  report("Kafka, rolling restart, effect outside", {
    sent,
    handled,
    lost: 0,
    doubled: handled - sent,
  });
});

test("a chain across topics has each event once at its end", async () => {
  const [topic, next] = [await makeTopic(), await makeTopic()];
  const pass = PASSES.replace('{"n": input["n"]}', "input");
  const stage = await place.set([
    { name: "pass", code: pass, triggers: [{ topic, start: "oldest" }], output: { topics: [next] } },
    counting("partition", next),
  ]);
  const keyed = new Keyed(place.topics, topic, SOURCES);
  const sending = keyed.send(3_000);
  for (let turn = 0; turn < 3; turn += 1) {
    const replica = stage.start();
    await replica.started(2);
    await sleep(1_000 + Math.random() * 1_000);
    await replica.kill();
  }
  stage.start();
  await sending;
  const counted = await place.countedTo(keyed.sent);
  report("Kafka, chain, runtime killed", tallyBySource(keyed.sent, counted), "3 kills");
  expect(counted).toEqual(countedOnceBySource(keyed.sent));
});

test("a topic that is deleted under a running trigger, and made anew, is read on", async () => {
  const topic = await makeTopic(1);
  const stage = await place.set([counting("partition", topic)]);
  await stage.start().started();
  const keyed = new Keyed(place.topics, topic, ["a"]);
  for (let turn = 0; turn < 3; turn += 1) {
    await keyed.send(500);
    await place.countedTo(keyed.sent);
    await place.topics.delete(topic);
    // At once the first time: it was never seen to be away.
    await sleep(turn * 1_000);
    await waitFor("the topic anew", async () => {
      await place.topics.create(topic, { partitions: 1 });
      return true;
    });
  }
  await keyed.send(500);
  const counted = await place.countedTo(keyed.sent);
  report("Kafka, topic deleted", tallyBySource(keyed.sent, counted), "3 deletions");
  expect(counted).toEqual(countedOnceBySource(keyed.sent));
});

test("a broker that is silent for 30 s loses nothing", async () => {
  const topic = await makeTopic();
  const stage = await place.set([counting("partition", topic)]);
  await startBoth(stage);
  const keyed = new Keyed(place.topics, topic, SOURCES);
  const stopSending = keyed.keepSending(50);
  await sleep(3_000);
  place.kafka.freeze(1);
  await sleep(30_000);
  place.kafka.thaw(1);
  const thawed = performance.now();
  const before = (await place.counted()).a?.last ?? 0;
  await waitFor("the next event", async () => ((await place.counted()).a?.last ?? 0) > before, 90);
  const took = (performance.now() - thawed) / 1000;
  await stopSending();
  const counted = await place.countedTo(keyed.sent);
  const tally = tallyBySource(keyed.sent, counted);
  report("Kafka silent for 30 s", tally, `went on ${took.toFixed(1)} s after`);
  expect(counted).toEqual(countedOnceBySource(keyed.sent));
});

test("an effect outside is there at least once when replicas are killed", async () => {
  const topic = await makeTopic();
  const code = writesOutside(place.redis.port);
  const outside = { name: "outside-writer", code, state: "none", triggers: [{ topic, start: "oldest" }] };
  const stage = await place.set([outside]);
  const keyed = new Keyed(place.topics, topic, ["a"]);
  await keyed.send(5_000);
  for (let turn = 0; turn < 2; turn += 1) {
    const replica = stage.start();
    const before = await place.redis.client.llen("outside");
    await waitFor("some progress", async () => (await place.redis.client.llen("outside")) > before + 200);
    await replica.kill();
  }
  stage.start();
  const tally = await waitFor(
    "all events",
    async () => {
      const numbers = await place.redis.client.lrange("outside", 0, -1);
      const found = tallyOf(5_000, numbers.map(Number));
      return found.lost === 0 && found;
    },
    60,
  );
  report("Kafka, effect outside, runtime killed", tally, "2 kills");
  expect(tally.lost).toBe(0);
});

test("a function that begins with the newest event keeps its place, also where none came before it was restarted", async () => {
  const topic = await makeTopic(1);
  const keyed = new Keyed(place.topics, topic, ["a"]);
  await keyed.send(10);
  const newest = { ...counting("partition", topic), triggers: [{ topic, start: "newest" }] };
  const stage = await place.set([newest]);
  const first = stage.start();
  await first.started();
  await sleep(3_000);
  await first.kill();
  await keyed.send(10);
  stage.start();
  const counted = await place.countedTo(keyed.sent, 30);
  report("Kafka, restarted before the first event", tallyBySource({ a: 10 }, counted));
  expect(counted.a).toMatchObject({ count: 10, last: 20, gaps: [[1, 10]] });
});
