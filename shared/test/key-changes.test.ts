import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RedisAddress } from "../src/redis/address.ts";
import { KeyChanges } from "../src/redis/key-changes.ts";

let redis: TestRedis;
const open: KeyChanges[] = [];
beforeEach(async () => {
  redis = await startRedis();
});
afterEach(async () => {
  for (const changes of open.splice(0)) changes.stop();
  await redis.stop();
});

/** What a {@link KeyChanges} told, in one list. */
interface Heard {
  readonly keyChanges: KeyChanges;
  readonly states: string[];
  readonly keys: string[];
  unknown: number;
}

function hear(prefixes: readonly string[], user: Partial<RedisAddress> = {}): Heard {
  const address = { host: "127.0.0.1", port: redis.port, username: undefined, password: undefined, db: 0 };
  const states: string[] = [];
  const keyChanges = new KeyChanges({ ...address, ...user }, prefixes, (pushing, reason) => {
    states.push(pushing ? "pushing" : reason);
  });
  open.push(keyChanges);
  const heard: Heard = { keyChanges, states, keys: [], unknown: 0 };
  keyChanges.listen({
    onChanged: (keys) => heard.keys.push(...keys),
    onUnknown: () => {
      heard.unknown += 1;
    },
  });
  return heard;
}

async function hearFromTheStart(prefixes: readonly string[]): Promise<Heard> {
  const heard = hear(prefixes);
  await waitFor("changes are pushed", () => heard.keyChanges.pushing && heard.unknown > 0);
  heard.unknown = 0;
  return heard;
}

/** Write a key of its own and wait until it is heard of: then all that was written before it was heard of too. */
async function catchUp(heard: Heard, prefix: string): Promise<string[]> {
  const mark = `${prefix}mark-${Math.random()}`;
  await redis.client.set(mark, "");
  await waitFor(`${mark} is heard of`, () => heard.keys.includes(mark));
  const keys = heard.keys.filter((key) => !key.includes("mark-"));
  heard.keys.length = 0;
  return keys;
}

describe("changed keys are heard of", () => {
  test("below the prefixes, and no others", async () => {
    const heard = await hearFromTheStart(["metrics", "usage:"]);
    for (const key of ["metrics", "other", "metrics:a", "usage", "usage:b", "xmetrics"]) {
      await redis.client.set(key, "1");
    }
    expect(new Set(await catchUp(heard, "usage:"))).toEqual(new Set(["metrics", "metrics:a", "usage:b"]));
    expect(heard.states).toEqual(["pushing"]);
  });

  test("of all there are, where the prefix is empty", async () => {
    const heard = await hearFromTheStart([""]);
    await redis.client.mset({ a: "1", größe: "2", "": "3" });
    expect(new Set(await catchUp(heard, ""))).toEqual(new Set(["a", "größe", ""]));
  });

  test("at each change, whatever it is, also where nobody read the key meanwhile", async () => {
    const heard = await hearFromTheStart(["k"]);
    const steps: (() => Promise<unknown>)[] = [
      () => redis.client.set("k1", "1"),
      () => redis.client.set("k1", "1"),
      () => redis.client.append("k1", "2"),
      () => redis.client.rename("k1", "k2"),
      () => redis.client.hset("k3", "f", "v"),
      () => redis.client.del("k2"),
      () => redis.client.eval("redis.call('SET', 'k4', '1')", 0),
    ];
    for (const step of steps) {
      await step();
      expect((await catchUp(heard, "k")).length).toBeGreaterThan(0);
    }
  });

  test("when they expire", async () => {
    const heard = await hearFromTheStart(["k"]);
    await redis.client.set("k1", "1", "PX", 50);
    await catchUp(heard, "k");
    await waitFor("k1 has expired", () => heard.keys.includes("k1"));
    expect(await redis.client.exists("k1")).toBe(0);
  });
});

describe("what may have been missed is told", () => {
  test("once it begins, to each listener", async () => {
    const heard = await hearFromTheStart(["k"]);
    let late = 0;
    const keys: string[] = [];
    heard.keyChanges.listen({ onChanged: (changed) => keys.push(...changed), onUnknown: () => (late += 1) });
    expect(late).toBe(1);
    await redis.client.set("k1", "1");
    await waitFor("both hear of it", () => heard.keys.includes("k1") && keys.includes("k1"));
  });

  test("when all keys are removed at once", async () => {
    const heard = await hearFromTheStart(["k"]);
    await redis.client.set("k1", "1");
    await redis.client.flushall();
    await waitFor("that everything changed", () => heard.unknown > 0);
    await redis.client.set("k2", "1");
    await waitFor("k2 is heard of", () => heard.keys.includes("k2"));
  });

  test("after Redis was gone", async () => {
    const heard = await hearFromTheStart(["k"]);
    await redis.crash();
    await waitFor("it is known to be gone", () => !heard.keyChanges.pushing);
    expect(heard.states).toEqual(["pushing", "the connection to Redis is down"]);
    expect(heard.unknown).toBe(0);
    await redis.restart();
    await waitFor("that changes were missed", () => heard.unknown > 0);
    expect(heard.keyChanges.pushing).toBe(true);
    expect(heard.states).toEqual(["pushing", "the connection to Redis is down", "pushing"]);
    await redis.client.set("k1", "1");
    await waitFor("k1 is heard of", () => heard.keys.includes("k1"));
  });

  test("when Redis is there only later", async () => {
    await redis.crash();
    const heard = hear(["k"]);
    await waitFor("it is known to be gone", () => heard.states.length > 0);
    await redis.restart();
    await waitFor("changes are pushed", () => heard.keyChanges.pushing && heard.unknown > 0);
    expect(heard.states).toEqual(["the connection to Redis is down", "pushing"]);
  });

  // Of the two connections, one has the messages, the other the tracking: each may be lost alone.
  test.each([
    ["that hears", "subscriber", /\bsub=1\b/],
    ["that tracks", "tracker", /\bflags=tB\b/],
  ])("when the connection %s is cut", async (_, which, mark) => {
    const heard = await hearFromTheStart(["k"]);
    const clients = (await redis.client.client("LIST")) as string;
    const id = clients
      .split("\n")
      .find((line) => mark.test(line))
      ?.match(/\bid=(\d+)/)?.[1];
    expect(id, `the ${which} among:\n${clients}`).toBeDefined();
    await redis.client.call("CLIENT", "KILL", "ID", id as string);
    await waitFor("that changes were missed", () => heard.unknown > 0);
    await waitFor("changes are pushed", () => heard.keyChanges.pushing);
    await redis.client.set("k1", "1");
    await waitFor("k1 is heard of", () => heard.keys.includes("k1"));
    expect(heard.states.at(-1)).toBe("pushing");
  });
});

describe("where changes cannot be pushed, the reason is told once", () => {
  test.each([
    ["CLIENT TRACKING", "-client|tracking", /NOPERM .*client\|tracking.*: this Redis user lacks a right/],
    ["SUBSCRIBE", "-subscribe", /NOPERM .*subscribe.*: this Redis user lacks a right/],
    ["the channel", "resetchannels", /NOPERM .*channels.*: this Redis user lacks a right/],
  ])("without the right to %s", async (_, rule, reason) => {
    await redis.client.call("ACL", "SETUSER", "worker", "on", ">secret", "~*", "&*", "+@all", rule);
    const heard = hear(["k"], { username: "worker", password: "secret" });
    await waitFor("the reason", () => heard.states.length > 0);
    expect(heard.states).toEqual([expect.stringMatching(reason)]);
    expect(heard.keyChanges.pushing).toBe(false);
  });

  test("without a right that is granted later, after a reconnection", async () => {
    await redis.client.call(
      "ACL",
      "SETUSER",
      "worker",
      "on",
      "nopass",
      "~*",
      "&*",
      "+@all",
      "-client|tracking",
    );
    const heard = hear(["k"], { username: "worker", password: "any" });
    await waitFor("the reason", () => heard.states.length > 0);
    await redis.client.call("ACL", "SETUSER", "worker", "+@all");
    await redis.client.call("CLIENT", "KILL", "USER", "worker");
    await waitFor("changes are pushed", () => heard.keyChanges.pushing);
  });
});

test("after the end nothing is told, and no connection is left", async () => {
  const heard = await hearFromTheStart(["k"]);
  heard.keyChanges.stop();
  await waitFor("one client is left", async () => {
    const clients = (await redis.client.client("LIST")) as string;
    return clients.trim().split("\n").length === 1;
  });
  await redis.client.set("k1", "1");
  await redis.client.flushall();
  expect([heard.keys, heard.unknown, heard.states]).toEqual([[], 0, ["pushing"]]);
});
