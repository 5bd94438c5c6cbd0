import { OUTPUTS_KEY } from "@gaugelet/shared/keys";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { storeOutput } from "./support/entries.ts";
import { answered, linesOf, newDrops, promtoolComplaints } from "./support/exposition.ts";
import { startTestExporter, type TestExporter } from "./support/test-exporter.ts";

let redis: TestRedis;
let exporter: TestExporter;
beforeAll(async () => {
  redis = await startRedis();
  exporter = await startTestExporter({ redis, keys: "foreign-*" });
});
beforeEach(() => redis.client.flushall());
afterAll(async () => {
  await exporter.stop();
  await redis.stop();
});

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
const good = 'gaugelet_output_value{function="good",field="x"} 1';

test.each<[what: string, content: string | Buffer, reason: string]>([
  ["text", "hello", "not_json"],
  ["a broken object", '{"x": 1', "not_json"],
  ["an object and more", '{"x": 1} {"x": 2}', "not_json"],
  ["Python's notation", "{'x': 1}", "not_json"],
  ["a word with NaN in it", '{"x": xNaN}', "not_json"],
  ["bytes that are no UTF-8", Buffer.from([0xff, 0xfe, 0x00, 0x80]), "not_json"],
  ["a broken object 100000 deep", '{"a":'.repeat(100_000), "not_json"],
  ["a string that does not end, with 2 million quotes", `{"${'\\"'.repeat(2_000_000)}`, "not_json"],
  ["a string that ends in a backslash", '{"x": NaN, "\\', "not_json"],
  ["null", "null", "not_object"],
  ["a number", "42", "not_object"],
  ["a string", '"text"', "not_object"],
  ["a list", '[{"x": 1}]', "not_object"],
  ["NaN alone", "NaN", "not_object"],
  ["20 MB of JSON", `{"x": "${"y".repeat(20_000_000)}"}`, "too_large"],
])("%s is dropped; the other outputs stay", async (_, content, reason) => {
  await storeOutput(redis.client, "good", { x: 1 });
  const before = await exporter.scrape();
  await storeOutput(redis.client, "bad", content);
  const after = await exporter.scrape();
  expect(linesOf(after, "gaugelet_output_value")).toEqual([good]);
  expect(linesOf(after, "gaugelet_exporter_output_up")).toEqual([
    'gaugelet_exporter_output_up{key="bad",function="bad"} 0',
    'gaugelet_exporter_output_up{key="good",function="good"} 1',
  ]);
  expect(newDrops(before, after)).toEqual({ [reason]: 1 });
});

test.each<[what: string, content: string, lines: string[], drops: Record<string, number>]>([
  [
    "NaN and Infinity",
    '{"a": NaN, "b": [-Infinity], "c NaN \\" NaN": 2}',
    ['field="c NaN \\" NaN"} 2'],
    { not_finite: 2 },
  ],
  [
    "NaN beside a long string",
    `{"a": NaN, "b": "${"y\\n".repeat(1_000_000)}", "c": 2}`,
    ['field="c"} 2'],
    { not_finite: 1 },
  ],
  ["a number beyond a double", '{"a": 1e400, "b": 2}', ['field="b"} 2'], { not_finite: 1 }],
  ["17 levels", `{"b": 2, "c": ${nested(16)}}`, ['field="b"} 2'], { too_deep: 1 }],
  ["16 levels", nested(16), [`field="${"a.".repeat(15)}a"} 1`], {}],
  ["100000 levels", `{"b": 2, "c": ${nested(100_000)}}`, ['field="b"} 2'], { too_deep: 1 }],
  ["one path twice", '{"a.b": 2, "a": {"b": 3}}', ['field="a.b"} 2'], { duplicate: 1 }],
  ["one field twice", '{"a": 2, "a": 3}', ['field="a"} 3'], {}],
])("%s in an output costs only what cannot be a series", async (_, content, lines, drops) => {
  const before = await exporter.scrape();
  await storeOutput(redis.client, "f", content);
  const after = await exporter.scrape();
  expect(linesOf(after, "gaugelet_output_value")).toEqual(
    lines.map((line) => `gaugelet_output_value{function="f",${line}`),
  );
  expect(newDrops(before, after)).toEqual(drops);
  expect(promtoolComplaints(after)).toBe("");
});

test("an output with too many numbers gives as many series as the limit allows", async () => {
  const before = await exporter.scrape();
  await storeOutput(redis.client, "f", { list: Array.from({ length: 20_000 }, (_, index) => index) });
  const after = await exporter.scrape();
  expect(linesOf(after, "gaugelet_output_value")).toHaveLength(10_000);
  expect(newDrops(before, after)).toEqual({ too_many_series: 1 });
});

test("an output of 64 MB, under the limit and above it", async () => {
  const large = await startTestExporter({ redis, yaml: "limits: { outputBytes: 64Mi }", keys: "foreign-*" });
  try {
    const [start, end] = ['{"x": 1, "y": "', '"}'];
    const content = start + "z".repeat(64 * 1024 ** 2 - start.length - end.length) + end;
    await redis.client.mset("foreign-1", content, "foreign-2", `${content} `, "foreign-3", '{"x": 3}');
    const exposition = await answered(() => large.scrape());
    expect(linesOf(exposition, "gaugelet_exporter_output_up")).toEqual([
      'gaugelet_exporter_output_up{key="foreign-1"} 1',
      'gaugelet_exporter_output_up{key="foreign-2"} 0',
      'gaugelet_exporter_output_up{key="foreign-3"} 1',
    ]);
    expect(linesOf(exposition, "gaugelet_exporter_dropped_total")).toContain(
      'gaugelet_exporter_dropped_total{reason="too_large"} 1',
    );
  } finally {
    await large.stop();
  }
});

test("10 million numbers in one output", async () => {
  const large = await startTestExporter({ redis, yaml: "limits: { outputBytes: 64Mi }", keys: "foreign-*" });
  try {
    await redis.client.mset(
      "foreign-1",
      `[${"1,".repeat(10)}1]`,
      "foreign-2",
      `{"x":[${"1,".repeat(9_999_999)}1]}`,
    );
    const exposition = await large.scrape();
    expect(linesOf(exposition, "gaugelet_output_value")).toHaveLength(10_000);
    expect(linesOf(exposition, "gaugelet_exporter_output_series")).toEqual([
      'gaugelet_exporter_output_series{key="foreign-1"} 0',
      'gaugelet_exporter_output_series{key="foreign-2"} 10000',
    ]);
  } finally {
    await large.stop();
  }
});

test("more series in all than the limit: whole outputs are left out, and taken in when there is room", async () => {
  const small = await startTestExporter({ redis, yaml: "limits: { series: 5 }", keys: "foreign-*" });
  try {
    await redis.client.mset("foreign-1", '{"a":1,"b":2,"c":3}', "foreign-2", '{"a":1,"b":2,"c":3}');
    const ups = async (): Promise<string> =>
      linesOf(await small.scrape(), "gaugelet_exporter_output_up")
        .map((line) => line.at(-1))
        .join("");
    expect(["10", "01"]).toContain(await ups());
    await redis.client.mset("foreign-1", '{"a":1}', "foreign-2", '{"a":1,"b":2}');
    expect(await ups()).toBe("11");
  } finally {
    await small.stop();
  }
});

test("versions that are no JSON are counted per output", async () => {
  const errors = async (): Promise<string[]> =>
    linesOf(await exporter.scrape(), "gaugelet_exporter_output_parse_errors_total");
  await storeOutput(redis.client, "failing", '{"x":1}');
  expect(await errors()).toEqual(['gaugelet_exporter_output_parse_errors_total{key="failing"} 0']);
  for (const content of ["{", "[", '{"x":1}', "{", "{"])
    await redis.client.set("failing", content).then(errors);
  expect(await errors()).toEqual(['gaugelet_exporter_output_parse_errors_total{key="failing"} 3']);
});

test("keys of another type are dropped", async () => {
  await storeOutput(redis.client, "good", { x: 1 });
  const before = await exporter.scrape();
  await storeOutput(redis.client, "list", "");
  await redis.client.del("list");
  await redis.client.rpush("list", '{"x":1}');
  await redis.client.hset("foreign-hash", "x", "1");
  await redis.client.xadd("foreign-stream", "*", "x", "1");
  const after = await exporter.scrape();
  expect(linesOf(after, "gaugelet_output_value")).toEqual([good]);
  expect(newDrops(before, after)).toEqual({ wrong_type: 3 });
});

test("where gaugelet:outputs is no hash, configured keys are exported all the same", async () => {
  await redis.client.mset(OUTPUTS_KEY, "a stranger's", "foreign-1", '{"x":1}');
  expect(linesOf(await exporter.scrape(), "gaugelet_output_value")).toEqual([
    'gaugelet_output_value{function="foreign-1",shard="1",field="x"} 1',
  ]);
});

/** What docs/reference/exporter.md says the exporter's user needs. */
const RIGHTS = ["+ping", "+info", "+hgetall", "+scan", "+getrange"];

test("a user without rights on gaugelet:* still gets the keys that it may read", async () => {
  await redis.client.acl("SETUSER", "limited", "on", ">sesame", "~foreign-1", ...RIGHTS);
  const limited = await startTestExporter({
    redis: { port: redis.port, username: "limited", password: "sesame" },
    keys: "foreign-*",
  });
  try {
    await redis.client.mset("foreign-1", '{"x":1}', "foreign-2", '{"x":2}');
    const exposition = await limited.scrape();
    expect(linesOf(exposition, "gaugelet_output_value")).toEqual([
      'gaugelet_output_value{function="foreign-1",shard="1",field="x"} 1',
    ]);
    expect(linesOf(exposition, "gaugelet_exporter_redis_up")).toEqual(["gaugelet_exporter_redis_up 1"]);
    expect((await limited.get("/readyz")).status).toBe(200);
    expect(limited.log.filter(({ reason }) => reason === "read_error").map(({ key }) => key)).toEqual([
      OUTPUTS_KEY,
      "foreign-2",
    ]);
  } finally {
    await limited.stop();
  }
});

test("a problem is logged when it appears and when it is gone, not per scrape", async () => {
  const lines = (): unknown[] =>
    exporter.log.filter(({ key }) => key === "flaky").map(({ level, msg }) => [level, msg]);
  await storeOutput(redis.client, "flaky", "{");
  for (let scrape = 0; scrape < 3; scrape++) await exporter.scrape();
  expect(lines()).toEqual([[40, "not exported: the value is not JSON"]]);
  await redis.client.set("flaky", "{}");
  for (let scrape = 0; scrape < 3; scrape++) await exporter.scrape();
  expect(lines()).toEqual([
    [40, "not exported: the value is not JSON"],
    [30, "no longer a problem"],
  ]);
});
