import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfiguration } from "../src/exporter.ts";
import type { Rule } from "../src/mapping/rules.ts";
import { makeStore, mapped, outputOf, sampleLines, textOf } from "./support/mapped.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-conditions-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function rulesOf(...lines: readonly string[]): Promise<readonly Rule[]> {
  const file = join(folder, "exporter.yaml");
  await writeFile(file, `defaultRules: false\nrules:\n${lines.map((line) => `  - { ${line} }\n`).join("")}`);
  return (await loadConfiguration(file)).compiled;
}

const BOTH = [
  'path: "v.{_item}.n", where: { "v.{_item}.s": on }, metric: on, help: h, labels: { id: { document: "v.{_item}.id" } }, per: document',
  'path: "v.{_item}.n", where: { "v.{_item}.s": 1, "v.{_item}.t": true }, metric: one, help: h, per: document',
  'path: "v.{_item}.n", metric: other, help: h, per: document',
];

test("of the rules that match a field the first whose condition holds decides", async () => {
  const rules = await rulesOf(...BOTH);
  const v = [
    { n: 1, s: "on", id: "a" },
    { n: 2, s: 1, t: true },
    { n: 3, s: 1 },
    { n: 4, s: "1", t: true },
    { n: 5 },
    { n: 6, s: { on: 1 } },
  ];
  expect(mapped({ v: v.slice(0, 3) }, {}, { rules }).lines).toEqual(['on{id="a"} 1', "one 2", "other 3"]);
  // Neither a text is a number, nor what is missing anything.
  for (const one of v.slice(3)) expect(mapped({ v: [one] }, {}, { rules }).lines).toEqual([`other ${one.n}`]);
});

test("a field that no condition is for is left out", async () => {
  const rules = await rulesOf(BOTH[0] as string);
  expect(mapped({ v: [{ n: 1, s: "off" }] }, {}, { rules })).toEqual({ lines: [], drops: [] });
});

test("a condition is looked at anew when the document changes, even where its numbers alone do", async () => {
  const rules = await rulesOf(...BOTH);
  const { store } = makeStore({ rules });
  const output = outputOf();
  store.describe(output);
  const linesAfter = (value: unknown): string[] => {
    store.put(output.key, { bytes: Buffer.from(JSON.stringify(value)) }, 0);
    return sampleLines(textOf(store));
  };
  expect(linesAfter({ v: [{ n: 1, s: 1, t: true }] })).toEqual(["one 1"]);
  expect(linesAfter({ v: [{ n: 2, s: 1, t: true }] })).toEqual(["one 2"]);
  expect(linesAfter({ v: [{ n: 2, s: 2, t: true }] })).toEqual(["other 2"]);
  expect(linesAfter({ v: [{ n: 2, s: null, t: true }] })).toEqual(["other 2"]);
  expect(linesAfter({ v: [{ n: 3, s: null, t: true }] })).toEqual(["other 3"]);
  expect(linesAfter({ v: [{ n: 2, s: 1, t: true }] })).toEqual(["one 2"]);
});

test("series of a document may have the labels that otherwise say where a series is from", async () => {
  const rules = await rulesOf("path: n, metric: m, help: h, per: document, labels: { host: x, function: y }");
  expect(mapped({ n: 1 }, {}, { rules }).lines).toEqual(['m{function="y",host="x"} 1']);
});

describe("refused:", () => {
  test.each([
    ["path: n, metric: m, help: h, where: { 'v.{i}': 1 }", "no pattern of this rule has a group i"],
    ["path: n, metric: m, help: h, where: { v: null }", "expected a text, number or truth"],
    ["path: n, metric: m, help: h, labels: { host: x }", "the label host says where a series is from"],
    ["path: n, metric: m, help: h, labels: { __x: x }", "__x is no label name"],
  ])("%s", async (line, message) => {
    await expect(rulesOf(line)).rejects.toThrow(message);
  });
});
