import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FrameType } from "../../src/workers/protocol.ts";

const page = readFileSync(new URL("../../../docs/reference/worker-protocol.md", import.meta.url), "utf8");
const fixtures = JSON.parse(
  readFileSync(new URL("../../testdata/frames.json", import.meta.url), "utf8"),
) as readonly { readonly type: number; readonly head: object }[];

/** The fields that the section of a message names: `field` or `field`, `field` before a colon. */
function documentedFields(message: string): string[] {
  const section = page.split(`### ${message}\n`)[1]?.split(/^##/m)[0] ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("- "))
    .flatMap((line) =>
      [...(line.split(":")[0] ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name as string),
    );
}

test("the page has the types of all messages", () => {
  const rows = [...page.matchAll(/^\| (\d+) +\| `(\w+)`/gm)].map(([, type, name]) => [name, Number(type)]);
  expect(Object.fromEntries(rows)).toEqual(FrameType);
});

test.each(Object.entries(FrameType))("the page has the fields of %s", (message, type) => {
  const used = fixtures.filter((fixture) => fixture.type === type).flatMap(({ head }) => Object.keys(head));
  // One fixture has a field that does not exist yet.
  expect(new Set(used.filter((field) => field !== "later"))).toEqual(new Set(documentedFields(message)));
});
