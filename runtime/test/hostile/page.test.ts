import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../integration/harness.ts";
import { nameOf } from "./case.ts";
import { CORPUS } from "./corpus.ts";
import { tableOfSharedUser, tablesOfResults } from "./table.ts";

const PAGE = join(ROOT, "docs/reference/isolation.md");

/** Replace what stands between two comments of the page. */
function put(page: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const parts = [page.indexOf(begin) + begin.length, page.indexOf(end)] as const;
  if (!page.includes(begin) || !page.includes(end)) throw new Error(`the page has no place for ${name}`);
  return `${page.slice(0, parts[0])}\n\n${content}\n\n${page.slice(parts[1])}`;
}

test("the page has the results that the suite expects; vitest -u writes them", async () => {
  const page = await readFile(PAGE, "utf8");
  const expected = put(put(page, "results", tablesOfResults()), "shared user", tableOfSharedUser());
  await expect(expected).toMatchFileSnapshot(PAGE);
});

test("every hostile function is a case, and no two have one name", () => {
  const cases = Object.values(CORPUS).flat();
  const helpers = ["probe.py", "probe.mjs", "frames.py", "neighbour.py", "newcomer.py"];
  const files = readdirSync(join(import.meta.dirname, "functions"), { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
  expect(files.filter((file) => !helpers.includes(file)).sort()).toEqual(
    cases.map(({ file }) => file).sort(),
  );
  expect(new Set(cases.map(nameOf)).size).toBe(cases.length);
});
