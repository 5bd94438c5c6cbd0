import { parseKeyPattern } from "@gaugelet/shared/redis/glob";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { OutputStore } from "../src/exposition/output-store.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { loadRules } from "../src/mapping/rules.ts";
import { coveringPrefixes } from "../src/sources/redis/prefixes.ts";
import { RedisLink } from "../src/sources/redis/redis-link.ts";
import { RedisSource } from "../src/sources/redis/redis-source.ts";
import { storeOutput } from "./support/entries.ts";
import { sampleLines, textOf } from "./support/mapped.ts";

const rules = await loadRules();

let redis: TestRedis;
let link: RedisLink;
let source: RedisSource;
let store: OutputStore;
/** Keys of outputs in the order in which they were rendered. */
let rendered: string[];
let log: string[];

beforeEach(async () => {
  redis = await startRedis();
  [rendered, log] = [[], []];
  const logger = pino({ level: "debug" }, { write: (line: string) => void log.push(line) });
  const address = { host: "127.0.0.1", port: redis.port, username: undefined, password: undefined, db: 0 };
  link = new RedisLink(address, logger);
  const listener = {
    onDrop: () => {},
    onFailure: () => {},
    onRender: (key: string) => void rendered.push(key),
  };
  store = new OutputStore({ rules, limits: DEFAULT_LIMITS, allowList: false, listener });
  source = new RedisSource({
    link,
    address,
    search: {
      sources: [{ pattern: parseKeyPattern("a-*"), staleAfter: undefined, host: undefined }],
      announced: true,
      maxOutputs: 100,
    },
    maxBytes: 1_000_000,
    store,
    logger,
    push: true,
    onDrop: () => {},
  });
});
afterEach(async () => {
  source.close();
  link.close();
  await redis.stop();
});

const isPushed = (): Promise<true> =>
  waitFor("Redis tells of changes", () => log.some((line) => line.includes("told of changes")));

test("outputs are rendered as they change, without a scrape", async () => {
  await isPushed();
  await redis.client.set("a-1", '{"x":1}');
  await waitFor("a key that a pattern matches is found", () => rendered.includes("a-1"));
  await storeOutput(redis.client, "announced", { x: 2 });
  await waitFor("an announced output is found", () => rendered.includes("announced"));
  rendered.length = 0;
  await redis.client.set("announced", '{"x":3}');
  await waitFor("its change is heard of", () => rendered.includes("announced"));
  expect(sampleLines(textOf(store)).filter((line) => line.startsWith("gaugelet_output_value"))).toEqual([
    'gaugelet_output_value{function="a-1",shard="1",field="x"} 1',
    'gaugelet_output_value{function="announced",field="x"} 3',
  ]);
  await redis.client.del("a-1");
  await waitFor("it is gone", () => !store.has("a-1"));
});

test("an update renders only what changed since the one before", async () => {
  const keys = Array.from({ length: 50 }, (_, index) => `a-${index}`);
  await redis.client.mset(keys.flatMap((key) => [key, '{"x":1}']));
  await source.update();
  await isPushed();
  await source.update();
  rendered.length = 0;
  await source.update();
  expect(rendered).toEqual([]);
  await redis.client.set("a-7", '{"x":2}');
  await source.update();
  expect(rendered).toEqual(["a-7"]);
});

test("an update has all that was written before it, though it was told of nothing yet", async () => {
  await redis.client.set("a-1", '{"x":0}');
  await source.update();
  await isPushed();
  for (let x = 1; x <= 200; x++) {
    await redis.client.set("a-1", `{"x":${x}}`);
    await source.update();
    expect(textOf(store)).toContain(`field="x"} ${x}\n`);
  }
});

test("everything is looked at again after FLUSHALL and after a lost connection", async () => {
  await redis.client.set("a-1", '{"x":1}');
  await source.update();
  await isPushed();
  await redis.client.flushall();
  await waitFor("it is gone", () => !store.has("a-1"));
  await redis.client.set("a-2", '{"x":1}');
  await waitFor("it is there", () => store.has("a-2"));
  await redis.client.call("CLIENT", "KILL", "TYPE", "pubsub");
  await redis.client.set("a-3", '{"x":1}');
  await waitFor("what was missed is there", () => store.has("a-3"));
});

test.each<[keys: string[], prefixes: string[]]>([
  [[], []],
  [
    ["a", "b"],
    ["a", "b"],
  ],
  [
    ["ab", "a", "abc", "b"],
    ["a", "b"],
  ],
  [
    Array.from({ length: 100 }, (_, index) => `gaugelet:output:function-with-a-name-${index + 100}`),
    ["gaugelet:output:function-with-a-"],
  ],
  [Array.from({ length: 100 }, (_, index) => String.fromCharCode(200 + index)), [""]],
  [Array.from({ length: 100 }, (_, index) => `${"a".repeat(31)}🚀${index + 100}`), ["a".repeat(31)]],
])("a few prefixes cover all keys, case %#", (keys, prefixes) => {
  expect(coveringPrefixes(keys)).toEqual(prefixes);
  for (const key of keys) expect(prefixes.some((prefix) => key.startsWith(prefix))).toBe(true);
});
