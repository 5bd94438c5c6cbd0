import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { MAX_FRAME_BYTES } from "../../src/workers/frames.ts";
import {
  FrameType,
  InvokeNumbers,
  LIMITS,
  RESULT_OUTCOMES,
  ResultNumbers,
} from "../../src/workers/protocol.ts";

const page = readFileSync(new URL("../../../docs/reference/worker-protocol.md", import.meta.url), "utf8");
const fixtures = JSON.parse(
  readFileSync(new URL("../../testdata/frames.json", import.meta.url), "utf8"),
) as readonly { readonly type: number; readonly head: object }[];

/** Of fixtures: fields of a later version. */
const MADE_UP = new Set(["later", "offsetInPartition"]);

/** The text below a heading, up to the next one. */
function section(heading: string): string {
  const [, text] = page.split(`\n${heading}\n`);
  if (text === undefined) throw new Error(`the page has no ${heading}`);
  return text.split(/^##/m)[0] ?? "";
}

/** The items of a message's section: fields that are named before the colon, and what is said of them. */
function documentedFields(message: string): Map<string, string> {
  const items = section(`### ${message}`)
    .split("\n")
    .filter((line) => line.startsWith("- "));
  return new Map(
    items.flatMap((item) => {
      const [names = "", ...text] = item.split(":");
      return [...names.matchAll(/`(\w+)`/g)].map(([, name]) => [name as string, text.join(":")] as const);
    }),
  );
}

/** The values of a field in the fixtures of a message. */
function headsOf(type: number): Record<string, unknown>[] {
  return fixtures
    .filter((fixture) => fixture.type === type)
    .map(({ head }) => head as Record<string, unknown>);
}

/** The names in the first column of a table, by the number in the second. */
function offsets(message: string): Record<string, number> {
  const rows = section(`### ${message}`).matchAll(/^\| `(\w+)` +\| (\d+) +\|/gm);
  return Object.fromEntries([...rows].map(([, name, offset]) => [name, Number(offset)]));
}

test("the page has the types of all messages", () => {
  const rows = [...section("## Messages").matchAll(/^\| (\d+) +\| `(\w+)`/gm)];
  expect(Object.fromEntries(rows.map(([, type, name]) => [name, Number(type)]))).toEqual(FrameType);
});

test("what answers a message is a message", () => {
  const answers = [...section("## Messages").matchAll(/\| ((?:`\w+`(?:, )?)+) +\|$/gm)].flatMap(
    ([, names = ""]) => [...names.matchAll(/\w+/g)].map(([name]) => name),
  );
  expect(answers).toContain("refused");
  expect(Object.keys(FrameType)).toEqual(expect.arrayContaining(answers));
});

test.each(Object.entries(FrameType))("the page has the fields of %s", (message, type) => {
  const used = headsOf(type)
    .flatMap(Object.keys)
    .filter((field) => !MADE_UP.has(field));
  expect(new Set(used)).toEqual(new Set(documentedFields(message).keys()));
});

test.each(Object.entries(FrameType))("the page has what is inside the fields of %s", (message, type) => {
  const documented = documentedFields(message);
  for (const head of headsOf(type)) {
    for (const [field, value] of Object.entries(head)) {
      if (MADE_UP.has(field) || typeof value !== "object" || value === null || Array.isArray(value)) continue;
      for (const name of Object.keys(value)) expect(documented.get(field)).toContain(`\`${name}\``);
    }
  }
});

test.each([
  ["invoke", InvokeNumbers],
  ["result", ResultNumbers],
] as const)("the page has the numbers of %s, and where they are", (message, numbers) => {
  const { bytes, ...expected } = numbers;
  expect(offsets(message)).toEqual(expected);
  expect(section(`### ${message}`)).toContain(`The first ${bytes} bytes of the body are numbers.`);
});

test("the page has the number of each outcome", () => {
  const outcomes = RESULT_OUTCOMES.map((outcome, number) => `${number} \`${outcome}\``).join(", ");
  expect(section("### result")).toContain(`| ${outcomes} `);
});

test("the page has all limits", () => {
  const rows = [...section("## Limits").matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
  expect(rows).toEqual([...LIMITS]);
});

test.each(["result", "ended"])("the limits that %s names are those of its fixtures", (message) => {
  const named = [...(documentedFields(message).get("limit") ?? "").matchAll(/`(\w+)`/g)].map(
    ([, name]) => name,
  );
  const used = headsOf(FrameType[message as "result" | "ended"]).map(({ limit }) => limit);
  const isName = (limit: unknown): boolean => typeof limit === "string";
  expect(new Set(named)).toEqual(new Set(used.filter(isName)));
  expect(LIMITS).toEqual(expect.arrayContaining(named));
});

test("the page has the greatest length of a frame", () => {
  expect(section("## Frames")).toContain(`at most ${MAX_FRAME_BYTES.toLocaleString("en-US")} (256 MiB)`);
});
