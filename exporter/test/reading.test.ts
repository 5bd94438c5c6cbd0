import { setTimeout as sleep } from "node:timers/promises";
import { connectRedis } from "@gaugelet/shared/redis/connection";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ContentReader } from "../src/sources/redis/reading.ts";

const KEYS = ["a", "b", "c"];
const SINGLE_MS = 300;

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
  await redis.client.mset(KEYS.flatMap((key) => [key, `of ${key}`]));
});
afterAll(() => redis.stop());

/** How often each command was run since the last time. */
async function commands(): Promise<Record<string, string>> {
  const text = await redis.client.info("commandstats");
  await redis.client.config("RESETSTAT");
  return Object.fromEntries(
    [...text.matchAll(/^cmdstat_(mget|getrange):calls=(\d+),/gm)].map(([, name, calls]) => [name, calls]),
  );
}

test("keys are read one by one for a while after many were refused, then many at once again", async () => {
  await redis.client.call("ACL", "SETUSER", "reader", "on", ">open", "~*", "+getrange", "+info", "+ping");
  const connection = connectRedis({
    host: "127.0.0.1",
    port: redis.port,
    username: "reader",
    password: "open",
    db: 0,
  });
  try {
    await waitFor("it is up", () => connection.status === "ready");
    const reader = new ContentReader(1_000, SINGLE_MS);
    const read = async (): Promise<Record<string, string>> => {
      const found: [string, string][] = [];
      for await (const some of reader.read(connection, KEYS, new AbortController().signal)) {
        for (const [key, content] of some) found.push([key, "bytes" in content ? String(content.bytes) : ""]);
      }
      expect(new Map(found)).toEqual(new Map(KEYS.map((key) => [key, `of ${key}`])));
      return commands();
    };
    await commands();
    expect(await read()).toEqual({ getrange: "3" });
    // Refused, and so is each of them read at once.
    expect(await read()).toMatchObject({ getrange: "3" });
    await redis.client.call("ACL", "SETUSER", "reader", "+mget");
    expect(await read()).toEqual({ getrange: "3" });
    await sleep(SINGLE_MS);
    expect(await read()).toEqual({ mget: "1" });
  } finally {
    connection.disconnect();
  }
});
