import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { explainRedisError } from "../src/redis/explain.ts";

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis(["--maxmemory-policy", "noeviction"]);
});
afterAll(() => redis.stop());

async function explained(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    return explainRedisError(error);
  }
  throw new Error("it did not fail");
}

describe("what our library says names no option of its own", () => {
  test("where there is no connection", async () => {
    const away = new Redis({
      port: 1,
      lazyConnect: true,
      enableOfflineQueue: false,
      retryStrategy: () => null,
    });
    away.on("error", () => {});
    void away.connect().catch(() => {});
    try {
      expect(await explained(away.get("k"))).toBe("there is no connection to Redis");
    } finally {
      away.disconnect();
    }
  });

  test("where it stopped answering", async () => {
    const silent = new Redis({ port: redis.port, socketTimeout: 200, retryStrategy: () => null });
    const heard = new Promise((_, reject) => silent.once("error", reject));
    try {
      silent.blpop("nothing", 2).catch(() => {});
      expect(await explained(heard)).toBe("Redis said nothing for 0.2 s");
    } finally {
      silent.disconnect();
    }
  });
});

describe("what Redis says is kept, and what to do is added", () => {
  test("for a key of another type", async () => {
    await redis.client.lpush("list", "1");
    expect(await explained(redis.client.get("list"))).toBe(
      "WRONGTYPE Operation against a key holding the wrong kind of value:" +
        " the key holds another type than a string; delete it or choose another key",
    );
  });

  test("for a right that is missing", async () => {
    const rights = ["on", "nopass", "~*", "-@all", "+get", "+info"];
    await redis.client.call("ACL", "SETUSER", "reader", ...rights);
    const reader = new Redis({ port: redis.port, host: "127.0.0.1", username: "reader", password: "x" });
    try {
      expect(await explained(reader.set("k", "1"))).toMatch(
        /^NOPERM .*'set'.*: this Redis user lacks a right; grant it with ACL SETUSER$/,
      );
    } finally {
      reader.disconnect();
    }
  });

  test("for a full memory", async () => {
    await redis.client.config("SET", "maxmemory", "1mb");
    try {
      expect(
        await explained(
          redis.client.set("k", "x".repeat(2 * 1024 ** 2)).then(() => redis.client.set("l", "1")),
        ),
      ).toMatch(/^OOM .*: Redis is full; raise maxmemory, remove keys or choose an eviction policy$/);
    } finally {
      await redis.client.config("SET", "maxmemory", "0");
    }
  });

  test("for a replica", async () => {
    await redis.client.call("REPLICAOF", "127.0.0.1", "1");
    try {
      expect(await explained(redis.client.set("k", "1"))).toMatch(
        /^READONLY .*: this Redis is a read-only replica; connect to the primary$/,
      );
    } finally {
      await redis.client.call("REPLICAOF", "NO", "ONE");
    }
  });

  test("for a host that does not exist", async () => {
    const client = new Redis({ host: "gaugelet.invalid", lazyConnect: true, retryStrategy: () => null });
    const error = new Promise((_, reject) => client.on("error", reject));
    void client.connect().catch(() => {});
    expect(await explained(error)).toMatch(
      /gaugelet\.invalid.*: no (such host; check REDIS_HOST|answer; check)/,
    );
  });

  test.each([
    ["LOADING Redis is loading the dataset in memory", "this passes by itself"],
    ["MISCONF Redis is configured to save RDB snapshots", "free disk space or check its log"],
    ["NOAUTH Authentication required.", "set REDIS_PASSWORD (and REDIS_USERNAME for an ACL user)"],
  ])("for %s", (message, hint) => {
    const text = explainRedisError(new Error(message));
    expect(text.startsWith(`${message}: `)).toBe(true);
    expect(text.endsWith(hint)).toBe(true);
  });
});

test.each([
  [new Error("ERR unknown command"), "ERR unknown command"],
  [new Error("something"), "something"],
  [new Error(""), ""],
  ["text", "text"],
  [undefined, "undefined"],
  [null, "null"],
])("what is not known is told as it is: %j", (error, text) => {
  expect(explainRedisError(error)).toBe(text);
});
