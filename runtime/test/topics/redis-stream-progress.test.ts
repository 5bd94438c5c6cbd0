import { setTimeout as sleep } from "node:timers/promises";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { Progress } from "../../src/topics/redis-stream/progress.ts";
import { withScripts } from "../../src/topics/redis-stream/scripts.ts";
import { groupInfo } from "../../src/topics/redis-stream/stream-info.ts";
import { numberedEvents } from "./conformance/case.ts";
import { addressOf, groupOf, useTopics } from "./redis-stream-server.ts";

const { connect, member } = useTopics();
let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis();
});
beforeEach(async () => {
  await redis.client.flushall();
});
afterAll(() => redis.stop());

/** Wait until Redis says so of group g in topic t. */
async function says(expected: Partial<Awaited<ReturnType<typeof groupOf>>>): Promise<void> {
  let last: unknown;
  await waitFor(
    JSON.stringify(expected),
    async () => {
      const group = await groupOf(redis, "t", "g");
      last = group;
      return Object.entries(expected).every(([name, value]) => group[name as keyof typeof group] === value);
    },
    5,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${JSON.stringify(last)}`);
  });
}

async function read(count: number, stored?: string) {
  const topics = connect(addressOf(redis));
  const reader = member(topics, "g", { t: "oldest" }, { stored: () => stored });
  await reader.received(count);
  const [partition] = await reader.assigned();
  if (partition === undefined) throw new Error("nothing was assigned");
  return { topics, commit: (position = "") => reader.consumer.commit(partition, position) };
}

test("Redis knows position, number and lag of what was committed, within a batch too", async () => {
  const topics = connect(addressOf(redis));
  const positions = await topics.publish("t", numberedEvents(0, 1_000));
  const { commit } = await read(1_000);
  await says({ position: "0-0", read: 0, lag: 1_000 });
  commit(positions[299]);
  await says({ position: positions[299], read: 300, lag: 700 });
  commit(positions[999]);
  await says({ position: positions[999], read: 1_000, lag: 0 });
  const [next] = await topics.publish("t", numberedEvents(1_000, 1_001));
  await says({ lag: 1 });
  await sleep(50);
  commit(next);
  await says({ position: next, read: 1_001, lag: 0 });
});

test("where the stored position is ahead of the committed one, the numbers go on right", async () => {
  const positions = await connect(addressOf(redis)).publish("t", numberedEvents(0, 2_000));
  const first = await read(2_000);
  first.commit(positions[499]);
  await says({ read: 500, lag: 1_500 });
  await first.topics.stop();
  const second = await read(500, positions[1_499]);
  // What is stored was handled, whatever had been committed of it.
  await says({ position: positions[1_499], read: 1_500, lag: 500 });
  second.commit(positions[1_749]);
  await says({ position: positions[1_749], read: 1_750, lag: 250 });
});

test("where the stored position is behind the committed one, the numbers go on right", async () => {
  const positions = await connect(addressOf(redis)).publish("t", numberedEvents(0, 2_000));
  const first = await read(2_000);
  first.commit(positions[1_499]);
  await says({ read: 1_500, lag: 500 });
  await first.topics.stop();
  const second = await read(1_500, positions[499]);
  second.commit(positions[749]);
  await says({ position: positions[749], read: 750, lag: 1_250 });
});

test("a group that Redis knows no number of has one once everything was read", async () => {
  const positions = await connect(addressOf(redis)).publish("t", numberedEvents(0, 100));
  await redis.client.call("XGROUP", "CREATE", "gaugelet:topic:t", "g", positions[9] ?? "");
  const { commit } = await read(90);
  commit(positions[49]);
  await says({ position: positions[49], read: 50, lag: 50 });
});

test("what was dropped before it was read is in the lag, and no more once the rest was read", async () => {
  const topics = connect(addressOf(redis));
  await topics.create("t", { retention: { events: 100 } });
  const [first] = await topics.publish("t", numberedEvents(0, 1));
  const before = await read(1);
  before.commit(first);
  await before.topics.stop();
  const positions = await topics.publish("t", numberedEvents(1, 1_001));
  const [lag] = await topics.lag("g", ["t"]);
  expect(lag?.dropped).toBeGreaterThanOrEqual(800);
  expect((lag?.events ?? 0) + (lag?.dropped ?? 0)).toBe(1_000);
  const { commit } = await read(lag?.events ?? 0, first);
  commit(positions.at(-1));
  await says({ position: positions.at(-1), read: 1_001, lag: 0 });
  expect(await topics.lag("g", ["t"])).toEqual([{ topic: "t", events: 0, dropped: 0 }]);
});

test("where somebody deleted entries, of which Redis knows no lag, it is counted", async () => {
  const topics = connect(addressOf(redis));
  const positions = await topics.publish("t", numberedEvents(0, 100));
  const { commit } = await read(100);
  commit(positions[9]);
  await says({ read: 10 });
  await redis.client.xdel("gaugelet:topic:t", positions[50] ?? "", positions[60] ?? "");
  expect(await topics.lag("g", ["t"])).toEqual([{ topic: "t", events: 88, dropped: 0 }]);
});

test("whoever was replaced, and does not know it yet, changes nothing of the group", async () => {
  const key = "gaugelet:topic:t";
  const positions = await connect(addressOf(redis)).publish("t", numberedEvents(0, 500));
  await redis.client.call("XGROUP", "CREATE", key, "g", "0");
  const known = await groupInfo(redis.client, key, "g");
  if (known === undefined) throw new Error("the group was not made");
  const follow = async (): Promise<Progress> => {
    const connection = redis.client.duplicate();
    onTestFinished(() => connection.disconnect());
    const progress = new Progress(withScripts(connection), key, "g");
    await progress.begin("0-0", known);
    progress.read(
      positions.map((position) => ({ position, key: null, headers: {}, body: Buffer.of(), timestamp: 0 })),
    );
    return progress;
  };
  const [replaced, owner] = [await follow(), await follow()];
  for (const [at, position] of positions.entries()) {
    // Both at once, so that one may come between whatever the other does.
    replaced.note(positions[at - 1] ?? "0-0");
    owner.note(position);
    await Promise.all([replaced.write(), owner.write()]);
    expect(await groupOf(redis, "t", "g")).toMatchObject({ position, read: at + 1 });
  }
  // One that read on with no number, as Redis knew none.
  const last = positions.at(-1) ?? "";
  const unaware = new Progress(withScripts(redis.client), key, "g");
  unaware.note(last);
  await unaware.write();
  expect(await groupOf(redis, "t", "g")).toMatchObject({ position: last, read: 500, lag: 0 });
  await redis.client.call("XGROUP", "SETID", key, "g", last);
  expect(await groupOf(redis, "t", "g")).toMatchObject({ read: null });
  owner.note(last);
  await owner.write();
  expect(await groupOf(redis, "t", "g")).toMatchObject({ position: last, read: 500, lag: 0 });
});
