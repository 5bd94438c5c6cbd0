import { startCluster, type TestCluster } from "@gaugelet/testing/redis-cluster";
import { startRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { RedisAddress } from "../src/redis/address.ts";
import { connectAny, connectRedis } from "../src/redis/connection.ts";
import { redisAddressFrom } from "../src/redis/environment.ts";
import { explainRedisError } from "../src/redis/explain.ts";
import { KeyChanges } from "../src/redis/key-changes.ts";
import { scanKeys } from "../src/redis/scan.ts";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const address = (): RedisAddress =>
  redisAddressFrom({ REDIS_CLUSTER_NODES: `127.0.0.1:${cluster.primaries[1]?.port}` });

function connect(to: RedisAddress) {
  const states: string[] = [];
  const client = connectAny(to, { onUp: () => states.push("up"), onDown: (reason) => states.push(reason) });
  closing.push(() => client.disconnect());
  return { client, states };
}

function watch(to: RedisAddress, prefix: string) {
  const keys: string[] = [];
  const states: string[] = [];
  let unknown = 0;
  const changes = new KeyChanges(to, [prefix], (pushing, reason) => {
    states.push(pushing ? "pushing" : reason);
  });
  closing.push(() => changes.stop());
  changes.listen({
    onChanged: (changed) => keys.push(...changed),
    onUnknown: () => {
      unknown += 1;
    },
  });
  return { changes, keys, states, unknown: () => unknown };
}

/** Keys of which every node has some. */
const keysOf = (prefix: string): string[] => Array.from({ length: 60 }, (_, number) => `${prefix}${number}`);

test("keys of all nodes are written, read and found", async () => {
  const { client, states } = connect(address());
  await waitFor("it is up", () => states.length > 0);
  expect(states).toEqual(["up"]);
  const keys = keysOf("found:");
  await Promise.all(keys.map((key) => client.set(key, key)));
  const counts = await Promise.all(
    cluster.primaries.map(async ({ client: one }) => (await one.keys("found:*")).length),
  );
  expect(counts.every((count) => count > 0)).toBe(true);
  expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys);
  const found = new Set<string>();
  for await (const some of scanKeys(client, "found:*", 10, new AbortController().signal)) {
    for (const key of some) found.add(key);
  }
  expect([...found].sort()).toEqual(keys.sort());
});

test("changes on every node are heard of, and the state is told once", async () => {
  const heard = watch(address(), "heard:");
  await waitFor("changes are pushed", () => heard.changes.pushing && heard.unknown() > 0);
  expect(heard.states).toEqual(["pushing"]);
  const keys = keysOf("heard:");
  await Promise.all([...keys, ...keysOf("other:")].map((key) => cluster.client.set(key, "1")));
  // Every node was asked whether it has told everything: nothing is waited for any more.
  await heard.changes.settled();
  expect(keys.filter((key) => !heard.keys.includes(key))).toEqual([]);
  expect(heard.keys.filter((key) => key.startsWith("other:"))).toEqual([]);
  expect(heard.states).toEqual(["pushing"]);
});

test("after the end nothing is told, and no connection is left", async () => {
  const subscribed = async (): Promise<number> => {
    const counts = await Promise.all(
      cluster.primaries.map(async ({ client }) => {
        const [, count] = (await client.call("PUBSUB", "NUMSUB", "__redis__:invalidate")) as [string, number];
        return count;
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  };
  await waitFor("those of other tests are gone", async () => (await subscribed()) === 0);
  const heard = watch(address(), "end:");
  await waitFor("changes are pushed", () => heard.changes.pushing);
  expect(await subscribed()).toBe(3);
  heard.changes.stop();
  await waitFor("nobody listens", async () => (await subscribed()) === 0);
  await Promise.all(keysOf("end:").map((key) => cluster.client.set(key, "1")));
  expect(heard.keys).toEqual([]);
});

describe("a right that is missing on one node", () => {
  test("is told, and changes do not count as pushed", async () => {
    const [, , third] = cluster.primaries;
    for (const { client } of cluster.primaries) {
      await client.call("ACL", "SETUSER", "reader", "on", ">secret", "~*", "&*", "+@all");
    }
    await third?.client.call("ACL", "SETUSER", "reader", "-client|tracking");
    const heard = watch({ ...address(), username: "reader", password: "secret" }, "right:");
    await waitFor("the reason", () => heard.states.some((state) => state.includes("NOPERM")));
    expect(heard.changes.pushing).toBe(false);
    expect(heard.states).toEqual([expect.stringMatching(/^NOPERM .*: this Redis user lacks a right/)]);
  });
});

test("a server that is no cluster is told so, and one of a cluster that is taken for a server", async () => {
  const redis = await startRedis();
  closing.push(() => redis.stop());
  const { states } = connect(redisAddressFrom({ REDIS_CLUSTER_NODES: `127.0.0.1:${redis.port}` }));
  await waitFor("the reason", () => states.length > 0);
  expect(states).toEqual([
    "ERR This instance has cluster support disabled: this Redis is no cluster; set REDIS_HOST and REDIS_PORT in place of REDIS_CLUSTER_NODES",
  ]);
  const alone = connectRedis({ ...address(), cluster: undefined });
  closing.push(() => alone.disconnect());
  await waitFor("it is up", () => alone.status === "ready");
  const answers = await Promise.allSettled(keysOf("moved:").map((key) => alone.get(key)));
  const refused = answers.flatMap((answer) =>
    answer.status === "rejected" ? [explainRedisError(answer.reason)] : [],
  );
  // Whichever key it was, and wherever that is: it is said once.
  expect([...new Set(refused)]).toEqual([
    "MOVED: this Redis is one of a cluster; the exporter reads one by REDIS_CLUSTER_NODES in place of REDIS_HOST, the runtime needs one Redis, or Sentinels",
  ]);
});

// Last: the first primary does not come back.
test("after a fail-over the new primary is read, and its changes are heard of", async () => {
  const { client } = connect(address());
  const heard = watch(address(), "over:");
  await waitFor("changes are pushed", () => heard.changes.pushing);
  const keys = keysOf("over:");
  await Promise.all(keys.map((key) => cluster.client.set(key, "before")));
  await waitFor("all are heard of", () => keys.every((key) => heard.keys.includes(key)));
  await cluster.primaries[0]?.crash();
  await waitFor("it is known to be gone", () => !heard.changes.pushing);
  await waitFor(
    "the replica has taken over",
    async () => (await cluster.replica.client.info("replication")).includes("role:master"),
    50,
  );
  await waitFor("changes are pushed again", () => heard.changes.pushing, 50);
  heard.keys.length = 0;
  await waitFor("every key can be written", async () => {
    await Promise.all(keys.map((key) => client.set(key, "after")));
    return true;
  });
  await waitFor("all are heard of again", () => keys.every((key) => heard.keys.includes(key)));
  expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys.map(() => "after"));
  expect(heard.states.at(0)).toBe("pushing");
  expect(heard.states.at(-1)).toBe("pushing");
});
