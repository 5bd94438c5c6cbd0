import { setTimeout as sleep } from "node:timers/promises";
import { documentedRights } from "@gaugelet/testing/documented-rights";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TopicError } from "../../src/topics/topics.ts";
import { numbered, numberedEvents, range } from "./conformance/case.ts";
import type { Member } from "./conformance/member.ts";
import { addressOf, groupOf, useTopics } from "./redis-stream-server.ts";

const { connect, member } = useTopics();
const KEY = "gaugelet:topic:t";
let redis: TestRedis;

beforeEach(async () => {
  redis = await startRedis();
});
afterEach(() => redis.stop());

/** Positions of all events that are in the topic. */
async function published(): Promise<string[]> {
  return (await redis.client.xrange(KEY, "-", "+")).map(([id]) => id);
}

/** One whom Redis does not tell of changes. */
async function userWithoutPushes(): Promise<{ username: string; password: string }> {
  const rights = ["on", ">password", "~*", "+@all", "-client|tracking"];
  await redis.client.call("ACL", "SETUSER", "unpushed", ...rights);
  return { username: "unpushed", password: "password" };
}

async function errorOf(result: Promise<unknown>): Promise<Error> {
  const error: unknown = await result.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error("nothing went wrong");
  return error;
}

test("a Redis that is killed and comes back, twice: every event is read once, in order", async () => {
  const topics = connect(addressOf(redis));
  const reader = member(topics, "g", { t: "oldest" });
  await topics.create("t", {});
  await reader.assigned();
  let [next, ended] = [0, false];
  const publishing = (async () => {
    while (!ended) {
      await topics.publish("t", numberedEvents(next, next + 20));
      next += 20;
      await sleep(5);
    }
  })();
  for (const round of range(0, 2)) {
    await reader.received(500 * (round + 1));
    await redis.crash();
    await waitFor("a word about it", () => reader.problem !== null);
    await sleep(300);
    await redis.restart();
  }
  await waitFor("the end of the problem", () => reader.problem === null);
  await reader.received(1_500);
  ended = true;
  await publishing;
  const all = await published();
  await reader.received(all.length);
  expect(reader.events.map(({ event }) => event.position)).toEqual(all);
  // What was under way as Redis was killed may have been published twice, and nothing was lost.
  expect([...new Set(reader.numbers())]).toEqual(range(0, next));
  expect(reader.turns).toEqual(["+t/0"]);
});

test("where Redis goes away while it is asked where to begin, that is asked again", async () => {
  const topics = connect(addressOf(redis));
  const positions = await topics.publish("t", numberedEvents(0, 10));
  const happened: string[] = [];
  topics.consume("g", new Map([["t", "oldest"]]), {
    async onAssigned() {
      happened.push("assigned");
      if (happened.length === 1) await redis.crash();
      return positions[6];
    },
    onEvents: (_partition, events) => void happened.push(...events.map(({ body }) => body.toString())),
    onRevoked: () => void happened.push("revoked"),
    onProblem: () => {},
  });
  await waitFor("the end of it", () => happened.includes("revoked"));
  await redis.restart();
  await waitFor("the last event", () => happened.includes("9"));
  expect(happened).toEqual(["assigned", "revoked", "assigned", "7", "8", "9"]);
});

test("a Redis that hangs is gone on with where it stopped", async () => {
  const topics = connect(addressOf(redis));
  const reader = member(topics, "g", { t: "oldest" });
  await topics.publish("t", numberedEvents(0, 10));
  await reader.received(10);
  redis.freeze();
  const more = topics.publish("t", numberedEvents(10, 20));
  await sleep(1_000);
  redis.thaw();
  await more;
  await reader.received(20);
  expect(reader.numbers()).toEqual(range(0, 20));
});

test("a full Redis: what is published waits a little, and then says why", async () => {
  const topics = connect(addressOf(redis));
  const reader = member(topics, "g", { t: "oldest" });
  await topics.publish("t", numberedEvents(0, 10));
  await reader.received(10);
  await redis.client.config("SET", "maxmemory", "1");
  const begun = performance.now();
  const error = await errorOf(topics.publish("t", [numbered(10)]));
  expect(performance.now() - begun).toBeGreaterThan(3_000);
  expect(error.message).toMatch(/^cannot publish to topic t: OOM .*raise maxmemory/);
  const waiting = topics.publish("t", [numbered(11)]);
  await sleep(300);
  await redis.client.config("SET", "maxmemory", "0");
  expect(await waiting).toHaveLength(1);
  await reader.received(11);
  expect(reader.numbers()).toEqual([...range(0, 10), 11]);
});

test("a Redis that is a replica for a moment: what is published waits", async () => {
  const topics = connect(addressOf(redis));
  await topics.create("t", {});
  await redis.client.replicaof("127.0.0.1", 1);
  const waiting = topics.publish("t", [numbered(0)]);
  await sleep(300);
  await redis.client.replicaof("NO", "ONE");
  expect(await waiting).toHaveLength(1);
});

test("a Redis that is away says so to who publishes, in the end", async () => {
  const topics = connect(addressOf(redis));
  await topics.create("t", {});
  await redis.crash();
  const error = await errorOf(topics.publish("t", [numbered(0)]));
  expect(error.message).toMatch(/^cannot publish to topic t: /);
  expect(error.message).toContain("there is no connection to Redis");
});

test("a key of another type is a problem until it is gone", async () => {
  const topics = connect(addressOf(redis));
  await redis.client.set(KEY, "text");
  const reader = member(topics, "g", { t: "oldest" });
  await waitFor("a problem", () => reader.problem?.includes("another type than a stream"));
  expect((await errorOf(topics.publish("t", [numbered(0)]))).message).toContain("another type than a stream");
  expect((await errorOf(topics.describe("t"))).message).toContain("another type than a stream");
  expect((await errorOf(topics.delete("t"))).message).toContain("another type than a stream");
  expect(await topics.list()).toEqual([]);
  await redis.client.del(KEY);
  await topics.publish("t", numberedEvents(0, 3));
  await reader.received(3);
  expect(reader.problem).toBeNull();
});

test("the documented rights are enough for all that topics do", async () => {
  const [command = "", ...rights] = await documentedRights("runtime");
  await redis.client.call(command, ...rights);
  await redis.client.call("ACL", "LOG", "RESET");
  const states: boolean[] = [];
  const topics = connect(addressOf(redis, { username: "runtime", password: "password" }), states);
  await topics.create("t", { retention: { seconds: 60 } });
  const reader = member(topics, "g", { t: "oldest", late: "oldest" });
  const positions = await topics.publish("t", numberedEvents(0, 10));
  await reader.received(10);
  await topics.publish("late", numberedEvents(0, 10));
  await reader.received(20);
  await waitFor("a word about changes", () => states.includes(true));
  const partition = reader.partitions.get("t/0");
  if (partition !== undefined) reader.consumer.commit(partition, positions[4] ?? "");
  await waitFor("the lag", async () => (await topics.lag("g", ["t"]))[0]?.events === 5);
  await redis.client.xdel(KEY, positions[7] ?? "");
  expect(await topics.lag("g", ["t"])).toMatchObject([{ events: 4 }]);
  expect(await topics.list()).toEqual(["late", "t"]);
  await topics.describe("t");
  await topics.delete("t");
  await topics.create("t", {});
  const denials = (await redis.client.call("ACL", "LOG")) as unknown[];
  // The library introduces itself; that this is refused does no harm.
  expect(denials.filter((denial) => !JSON.stringify(denial).includes("setinfo"))).toEqual([]);
});

test("a user without the rights is told which are missing", async () => {
  const rights = ["on", ">password", "~output:*", "+ping", "+info", "+evalsha", "+eval", "+exists"];
  await redis.client.call("ACL", "SETUSER", "poor", ...rights);
  const topics = connect(addressOf(redis, { username: "poor", password: "password" }));
  const reader = member(topics, "g", { t: "oldest" });
  await waitFor("a problem", () => reader.problem?.includes("docs/reference/redis.md"));
  for (const attempt of [topics.publish("t", [numbered(0)]), topics.create("t", {}), topics.delete("t")]) {
    const error = await errorOf(attempt);
    expect(error).toBeInstanceOf(TopicError);
    expect(error).toMatchObject({ code: "not-allowed" });
    expect(error.message).toContain("docs/reference/redis.md");
  }
});

test("where Redis does not tell of changes, topics are polled", async () => {
  const states: boolean[] = [];
  const topics = connect(addressOf(redis, await userWithoutPushes()), states);
  const reader = member(topics, "g", { t: "oldest" });
  await waitFor("a word about changes", () => states.includes(false));
  for (const at of range(0, 5)) {
    await topics.publish("t", [numbered(at)]);
    await reader.received(at + 1);
  }
  await topics.delete("t");
  await waitFor("the end of the topic", () => reader.partitions.size === 0);
  await topics.create("t", {});
  await topics.publish("t", [numbered(5)]);
  await reader.received(6);
  expect(reader.numbers()).toEqual(range(0, 6));
  expect(states).toEqual([false]);
});

test("a stream that takes the place of another under a running consumer is read from its first event on", async () => {
  const topics = connect(addressOf(redis));
  const reader = member(topics, "g", { t: "oldest" });
  const positions = await topics.publish("t", numberedEvents(0, 10));
  await reader.received(10);
  const [partition] = await reader.assigned();
  if (partition !== undefined) reader.consumer.commit(partition, positions[9] ?? "");
  // At once, and with a clock that went back.
  await redis.client.multi().del(KEY).xadd(KEY, "1-1", "event", "10").xadd(KEY, "1-2", "event", "11").exec();
  await reader.received(12);
  await redis.client.xadd(KEY, "1-3", "event", "12");
  await reader.received(13);
  expect(reader.numbers()).toEqual(range(0, 13));
});

test("a group that somebody deletes under a running consumer goes on after what was committed", async () => {
  const topics = connect(addressOf(redis));
  const reader = member(topics, "g", { t: "oldest" });
  const positions = await topics.publish("t", numberedEvents(0, 10));
  await reader.received(10);
  const [partition] = await reader.assigned();
  if (partition !== undefined) reader.consumer.commit(partition, positions[7] ?? "");
  await waitFor("the commit", async () => (await groupOf(redis, "t", "g")).position === positions[7]);
  await redis.client.xgroup("DESTROY", KEY, "g");
  const more = await topics.publish("t", numberedEvents(10, 13));
  await reader.received(13);
  if (partition !== undefined) reader.consumer.commit(partition, more[1] ?? "");
  await waitFor("the group", async () => (await groupOf(redis, "t", "g")).position === more[1]);
  await reader.received(14);
  // At least once: what was not committed comes again.
  expect(reader.numbers()).toEqual([...range(0, 13), 12]);
});

test("what another program adds to the stream is an event", async () => {
  const topics = connect(addressOf(redis));
  await redis.client.xadd(KEY, "*", "temperature", "21.5", "place", "Köln");
  await redis.client.xadd(KEY, "*", "headers", "none", "event", "{}", "key", "");
  await redis.client.xadd(KEY, "5000000000000-7", "event", "a", "headers", '{"a":1,"b":"c"}');
  const reader = member(topics, "g", { t: "oldest" });
  await reader.received(3);
  const [one, two, three] = reader.events.map(({ event }) => event);
  expect(JSON.parse(String(one?.body))).toEqual({ temperature: "21.5", place: "Köln" });
  expect(one).toMatchObject({ key: null, headers: {} });
  expect(two).toMatchObject({ body: Buffer.from("{}"), key: Buffer.alloc(0), headers: {} });
  expect(three).toMatchObject({
    position: "5000000000000-7",
    timestamp: 5_000_000_000_000,
    headers: { a: "1", b: "c" },
  });
});

test("a topic that nobody made has the default retention; another program's stream is not trimmed", async () => {
  const topics = connect(addressOf(redis));
  await topics.publish("mine", [numbered(0)]);
  expect((await topics.describe("mine")).retention).toEqual({
    seconds: null,
    events: 1_000_000,
    bytes: null,
  });
  await redis.client.xadd(KEY, "*", "event", "0");
  await topics.publish("t", [numbered(1)]);
  expect((await topics.describe("t")).retention).toEqual({ seconds: null, events: null, bytes: null });
  await topics.create("short", { retention: { seconds: 1 } });
  await topics.publish("short", numberedEvents(0, 500));
  await sleep(1_500);
  await topics.publish("short", [numbered(500)]);
  expect((await topics.describe("short")).partitions[0]?.events).toBeLessThan(120);
});

test.each(["pushed", "polled"])(
  "an event of a topic with little to do comes by the read that waited for it, where changes are %s",
  async (told) => {
    const states: boolean[] = [];
    const topics = connect(addressOf(redis, told === "polled" ? await userWithoutPushes() : {}), states);
    const reader = member(topics, "g", { t: "oldest" });
    if (told === "polled") await waitFor("a word about changes", () => states.includes(false));
    await topics.publish("t", [numbered(0)]);
    await reader.received(1);
    const monitor = await redis.client.monitor();
    const reads: string[] = [];
    monitor.on("monitor", (_time: string, [name = "", ...args]: string[]) => {
      // The poll asks for one event of each topic, and only whether there is one.
      if (name.toLowerCase() === "xread" && args[1] !== "1") reads.push(args.join(" "));
    });
    for (const at of range(1, 200)) {
      await topics.publish("t", [numbered(at)]);
      await reader.received(at + 1);
      await sleep(5);
    }
    monitor.disconnect();
    expect(reader.numbers()).toEqual(range(0, 200));
    expect(reads.length).toBeGreaterThanOrEqual(190);
    expect(reads.filter((read) => !read.includes("BLOCK"))).toEqual([]);
  },
);

test("only topics that changed are read, however many there are", async () => {
  const topics = connect(addressOf(redis));
  const names = range(0, 300).map((at) => `t${at}`);
  await Promise.all(names.map((name) => topics.create(name, {})));
  const readers = names.map((name) => member(topics, `reader-of-${name}`, { [name]: "oldest" }));
  await waitFor("all of them", () => readers.every(({ partitions }) => partitions.size === 1));
  await sleep(1_500);
  const reads = async (): Promise<number> =>
    Number(/cmdstat_xread:calls=(\d+)/.exec(await redis.client.info("commandstats"))?.[1] ?? 0);
  const before = await reads();
  const begun = performance.now();
  for (const at of range(0, 100)) {
    await topics.publish("t7", [numbered(at)]);
    await readers[7]?.received(at + 1);
  }
  // Each poll asks for 100 topics at once.
  const polls = 3 * (1 + Math.ceil((performance.now() - begun) / 1_000));
  expect((await reads()) - before).toBeLessThanOrEqual(2 * 100 + polls);
});

const idAt = (number: number): string => `${1_000 + number}-0`;

/** Has an empty topic, and will find event 4 stored where it is asked where to begin anew. */
async function readerThatStored4(user: { username?: string; password?: string } = {}): Promise<Member> {
  const topics = connect(addressOf(redis, user));
  let stored: string | undefined;
  const reader = member(topics, "g", { t: "oldest" }, { stored: () => stored });
  await redis.client.xgroup("CREATE", KEY, "other", "$", "MKSTREAM");
  await reader.assigned();
  stored = idAt(4);
  return reader;
}

/** 0 to 7 are read, and then 5 to 7 are lost: the new primary has what had been passed on to it, its clock is behind. */
async function loseEventsThatWereRead(reader: Member): Promise<void> {
  const add = (number: number) => redis.client.xadd(KEY, idAt(number), "event", String(number));
  for (const number of range(0, 5)) await add(number);
  await reader.received(5);
  const lost = await redis.client.dumpBuffer(KEY);
  for (const number of range(5, 8)) await add(number);
  await reader.received(8);
  await redis.client.call("RESTORE", KEY, 0, lost, "REPLACE");
  await redis.client.xadd(KEY, "1005-1", "event", "10");
  await redis.client.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
}

test("where a fail-over lost events that were read, those in their place are read", async () => {
  const reader = await readerThatStored4();
  await loseEventsThatWereRead(reader);
  await waitFor("the event", () => reader.numbers().includes(10));
  await redis.client.xadd(KEY, "1005-2", "event", "11");
  await reader.received(10);
  expect(reader.numbers()).toEqual([...range(0, 8), 10, 11]);
});

test("a fail-over is noticed though the new server could not be asked at first", async () => {
  await redis.client.call("ACL", "SETUSER", "u", "on", ">password", "~*", "&*", "+@all");
  await redis.client.call("ACL", "LOG", "RESET");
  const reader = await readerThatStored4({ username: "u", password: "password" });
  await redis.client.call("ACL", "SETUSER", "u", "-xinfo");
  await loseEventsThatWereRead(reader);
  await waitFor("a refusal", async () =>
    JSON.stringify(await redis.client.call("ACL", "LOG")).includes("xinfo"),
  );
  expect(reader.numbers()).toEqual(range(0, 8));
  await redis.client.call("ACL", "SETUSER", "u", "+xinfo");
  await waitFor("the event", () => reader.numbers().includes(10));
});
