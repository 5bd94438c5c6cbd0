import { validate } from "@gaugelet/shared/configuration";
import { expect, test } from "vitest";
import { z } from "zod";
import { ESCAPING_SCHEMES } from "../src/exposition/names.ts";
import { ruleSchema } from "../src/mapping/rule-schema.ts";
import { loadRules, type Rule } from "../src/mapping/rules.ts";
import { makeStore, mapped, outputOf, sampleLines, textOf } from "./support/mapped.ts";

async function rulesOf(...rules: object[]): Promise<Rule[]> {
  return loadRules({
    file: "rules",
    rules: validate(z.array(ruleSchema), rules, "rules"),
    defaultRules: false,
  });
}

/** What some rules make of a document, by default without labels of origin. */
async function lines(document: unknown, ...rules: object[]): Promise<{ lines: string[]; drops: string[] }> {
  const whole = rules.map((rule) => ({ metric: "m", help: "h", per: "document", ...rule }));
  return mapped(document, {}, { rules: await rulesOf(...whole), allowList: true });
}

const disks = { disks: { sda: { used: 1, kind: "ssd" }, sdb: { used: 2, kind: null } } };

test("wildcards in a path, with and without a label", async () => {
  expect((await lines(disks, { path: "disks.{disk}.used" })).lines).toEqual([
    'm{disk="sda"} 1',
    'm{disk="sdb"} 2',
  ]);
  expect(await lines(disks, { path: "disks.*.used" })).toEqual({ lines: ["m 1"], drops: ["duplicate"] });
  expect((await lines([[5, 6], [7]], { path: "{row}.{column}" })).lines).toEqual([
    'm{column="0",row="0"} 5',
    'm{column="1",row="0"} 6',
    'm{column="0",row="1"} 7',
  ]);
});

test("labels from the document, the key and constants", async () => {
  const rules = await rulesOf({
    key: "usage:(?<zone>.*)",
    path: "disks.{disk}.used",
    metric: "m",
    help: "h",
    per: "document",
    labels: {
      kind: { document: "disks.{disk}.kind" },
      whole: { key: ".*" },
      part: { key: "(?<x>[a-z]+):.*" },
      env: "lab",
    },
  });
  const { lines: found } = mapped(disks, { key: "usage:eu" }, { rules });
  expect(found).toEqual([
    'm{disk="sda",env="lab",kind="ssd",part="usage",whole="usage:eu",zone="eu"} 1',
    'm{disk="sdb",env="lab",part="usage",whole="usage:eu",zone="eu"} 2',
  ]);
  expect(mapped(disks, { key: "other" }, { rules }).lines).toEqual([]);
});

test.each<[string | string[], string | undefined]>([
  ["([a-z]+)-k", "shop"],
  ["^([a-z]+)-", "shop"],
  ["^shop", "shop"],
  ["(?<zone>[a-z]+)-k", "shop"],
  ["k$", "k"],
  ["(x)|(o)", "o"],
  ["(x)?shop", undefined],
  [["z(.)", "-(.)"], "k"],
  ["z", undefined],
])("a label by the expression %j for the key shop-k is %j", async (key, text) => {
  const rule = { path: "n", metric: "m", help: "h", per: "document", labels: { l: { key } } };
  const { lines: found } = mapped({ n: 1 }, { key: "shop-k" }, { rules: await rulesOf(rule) });
  expect(found).toEqual([text === undefined ? "m 1" : `m{l="${text}"} 1`]);
});

test("a rule's own key is for the whole key of the output", async () => {
  const rules = await rulesOf({ key: "shop", path: "n", metric: "m", help: "h", per: "document" });
  expect(mapped({ n: 1 }, { key: "shop" }, { rules }).lines).toEqual(["m 1"]);
  expect(mapped({ n: 1 }, { key: "shop-k" }, { rules }).lines).toEqual([]);
});

test("a text that is too long for a label costs its series alone", async () => {
  const rule = { path: "{_x}.n", labels: { l: { document: "{_x}.text" } } };
  const document = { a: { n: 1, text: "y".repeat(1025) }, b: { n: 2, text: "z" } };
  expect(await lines(document, rule)).toEqual({ lines: ['m{l="z"} 2'], drops: ["name_too_long"] });
});

test("a label from the document follows it", async () => {
  const rules = await rulesOf({
    path: "x",
    metric: "m",
    help: "h",
    per: "document",
    labels: { l: { document: "a.b" } },
  });
  const { store } = makeStore({ rules });
  store.describe(outputOf());
  const after = (document: object): string[] => {
    store.put("k", { bytes: Buffer.from(JSON.stringify(document)) }, 0);
    return sampleLines(textOf(store));
  };
  expect(after({ x: 1, a: { b: "one" } })).toEqual(['m{l="one"} 1']);
  expect(after({ x: 2, a: { b: "one" } })).toEqual(['m{l="one"} 2']);
  expect(after({ x: 3, a: { b: "two" } })).toEqual(['m{l="two"} 3']);
  expect(after({ x: 4, "a.b": true })).toEqual(['m{l="true"} 4']);
});

test("texts become numbers by a map, by what they say, or an info metric", async () => {
  const states = { values: { up: 1, down: 0, 3: 30 } };
  expect(
    await lines({ a: "up", b: "down", c: "?", d: 3, e: 4, f: true }, { path: "{x}", ...states }),
  ).toEqual({
    lines: ['m{x="a"} 1', 'm{x="b"} 0', 'm{x="d"} 30', 'm{x="e"} 4', 'm{x="f"} 1'],
    drops: [],
  });
  expect(await lines({ a: "?" }, { path: "a", ...states, nonNumber: "count" })).toEqual({
    lines: [],
    drops: ["unmapped_value"],
  });
  expect(await lines({ a: " 1.5 ", b: "true", c: "x", d: "" }, { path: "{x}", nonNumber: "parse" })).toEqual({
    lines: ['m{x="a"} 1.5', 'm{x="b"} 1'],
    drops: ["not_a_number", "not_a_number"],
  });
  const info = { path: "version", metric: "app_info", type: "info", labels: { version: { from: "value" } } };
  expect((await lines({ version: "1.2" }, info)).lines).toEqual(['app_info{version="1.2"} 1']);
});

test("what a rule says of null, of no number and of nothing", async () => {
  const document = { a: null, b: "text" };
  expect(await lines(document, { path: "a", null: "count" }, { path: "b", nonNumber: "count" })).toEqual({
    lines: [],
    drops: ["null_value", "not_a_number"],
  });
  expect((await lines(document, { path: "{x}", null: -1, nonNumber: 0 })).lines).toEqual([
    'm{x="a"} -1',
    'm{x="b"} 0',
  ]);
  expect(
    await lines({}, { path: "a", missing: "count" }, { path: "b", missing: 7, labels: { l: "v" } }),
  ).toEqual({
    lines: ['m{l="v"} 7'],
    drops: ["missing"],
  });
});

test.each([
  ["first", 3, ["duplicate", "duplicate"]],
  ["last", 2, []],
  ["sum", 6, []],
  ["min", 1, []],
  ["max", 3, []],
])("of several fields for one series: %s", async (duplicate, value, drops) => {
  expect(await lines({ a: 3, b: 1, c: 2 }, { path: "*", duplicate })).toEqual({
    lines: [`m ${value}`],
    drops,
  });
  const rules = await rulesOf({ path: "*", metric: "m", help: "h", per: "document", duplicate });
  const { store } = makeStore({ rules });
  store.describe(outputOf());
  for (const text of ['{"a":9,"b":9,"c":9}', '{"a":3,"b":1,"c":2}'])
    store.put("k", { bytes: Buffer.from(text) }, 0);
  expect(sampleLines(textOf(store))).toEqual([`m ${value}`]);
});

test("time stamps, in the unit of each format", async () => {
  const rule = (format: string): object => ({
    path: "x",
    metric: "m",
    help: "h",
    per: "document",
    timestamp: { document: "t", format },
  });
  const time = 1_700_000_000_123;
  for (const [format, t] of [
    ["seconds", time / 1000],
    ["milliseconds", time],
    ["iso", new Date(time).toISOString()],
  ] as const) {
    const rules = await rulesOf(rule(format));
    expect(mapped({ x: 1, t }, {}, { rules }).lines).toEqual([`m 1 ${time}`]);
    const openmetrics = { format: "openmetrics", scheme: "underscores" } as const;
    expect(mapped({ x: 1, t }, {}, { rules, dialect: openmetrics }).lines).toEqual(["m 1 1700000000.123"]);
    expect(mapped({ x: 1, t: "then" }, {}, { rules })).toEqual({ lines: [], drops: ["invalid_timestamp"] });
  }
});

test("a sample whose time is missing carries none where the rule says so, and has it once it is there", async () => {
  const timestamp = { document: "t", format: "milliseconds", missing: "omit" };
  const rules = await rulesOf({ path: "x", metric: "m", help: "h", per: "document", timestamp });
  const { store, drops } = makeStore({ rules });
  store.describe(outputOf());
  const after = (document: object): string[] => {
    store.put("k", { bytes: Buffer.from(JSON.stringify(document)) }, 0);
    return sampleLines(textOf(store));
  };
  expect(after({ x: 1 })).toEqual(["m 1"]);
  expect(after({ x: 2 })).toEqual(["m 2"]);
  for (const none of ["then", null, 1e300, {}]) {
    expect(after({ x: 3, t: none })).toEqual(["m 3"]);
    expect(after({ x: 4, t: 5 })).toEqual(["m 4 5"]);
  }
  // A number that is no time either way of writing it stays one of the same kind.
  expect(after({ x: 5, t: 1e300 })).toEqual(["m 5"]);
  expect(after({ x: 5, t: 1e3 })).toEqual(["m 5 1000"]);
  expect(drops).toEqual([]);
});

test("names from the data: what cannot be one is counted", async () => {
  const rule = { path: "{name}", metric: "{name}", help: "h", per: "document" };
  const document = { "": 1, process_x: 2, a_b: 3, "a-b": 4, "x\ud800": 5, good: 6 };
  const { lines: found, drops } = mapped(document, {}, { rules: await rulesOf(rule) });
  expect(found).toEqual(["a_b 3", "good 6", "x_ 5"]);
  expect(drops).toEqual(["invalid_name", "name_collision", "name_collision"]);
});

test("two rules that make one name with two types", async () => {
  const rules = await rulesOf(
    { path: "a.{name}", metric: "{name}", help: "h", per: "document" },
    { path: "b.{name}", metric: "{name}", help: "h", per: "document", type: "unknown" },
  );
  expect(mapped({ a: { x: 1 }, b: { x: 2, y: 3 } }, {}, { rules })).toEqual({
    lines: ["x 1", "y 3"],
    drops: ["type_conflict"],
  });
});

test("a catastrophic expression takes no longer than any other", async () => {
  const document = { [`${"a".repeat(500)}!`]: 1 };
  expect((await lines(document, { field: "(a+)+b|(a|aa)+c|(.*)*d" })).lines).toEqual([]);
});

test.each([
  ["allow-utf-8", '{"größe.in bytes","l.é"="x"} 1', '# TYPE "größe.in bytes" gauge'],
  ["underscores", 'gr__e_in_bytes{l__="x"} 1', "# TYPE gr__e_in_bytes gauge"],
  ["dots", 'gr__e_dot_in_bytes{l_dot__="x"} 1', "# TYPE gr__e_dot_in_bytes gauge"],
  [
    "values",
    'U__gr_F6__DF_e_2E_in_20_bytes{U__l_2E__E9_="x"} 1',
    "# TYPE U__gr_F6__DF_e_2E_in_20_bytes gauge",
  ],
] as const)("names in UTF-8 by the scheme %s", async (scheme, sample, type) => {
  const rules = await rulesOf({
    path: "x",
    metric: "größe.in bytes",
    help: "h",
    per: "document",
    labels: { "l.é": "x" },
  });
  const { store } = makeStore({ rules });
  store.describe(outputOf());
  store.put("k", { bytes: Buffer.from('{"x":1}') }, 0);
  expect(ESCAPING_SCHEMES).toContain(scheme);
  for (const format of ["text", "openmetrics"] as const) {
    const text = textOf(store, { format, scheme });
    expect(sampleLines(text)).toEqual([sample]);
    expect(text).toContain(`${type}\n`);
  }
});

test("an output at which the exporter itself fails costs the others nothing", async () => {
  const [rule] = await rulesOf({ path: "x", metric: "m", help: "h" });
  const failing = {
    ...(rule as Rule),
    spellings: [
      {
        source: "",
        groups: [],
        literal: undefined,
        match: (path: string) => {
          if (path === "bad") throw new Error("a mistake");
          return path === "x" ? {} : undefined;
        },
      },
    ],
  };
  const { store, drops } = makeStore({ rules: [failing] });
  for (const key of ["a", "b"]) store.describe(outputOf({ key, functionName: key }));
  store.put("a", { bytes: Buffer.from('{"bad":1}') }, 0);
  store.put("b", { bytes: Buffer.from('{"x":2}') }, 0);
  expect(sampleLines(textOf(store))).toEqual(['m{function="b"} 2']);
  expect(drops).toEqual(["internal_error"]);
  store.put("a", { bytes: Buffer.from('{"x":3}') }, 0);
  expect(sampleLines(textOf(store))).toEqual(['m{function="a"} 3', 'm{function="b"} 2']);
});
