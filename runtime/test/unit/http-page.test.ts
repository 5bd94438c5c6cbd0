import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { PROBLEMS } from "../../src/triggers/http/problem.ts";

const page = readFileSync(new URL("../../../docs/reference/http.md", import.meta.url), "utf8");

test("the page has all problems with their status, and no others", () => {
  const rows = [...page.matchAll(/^\| (\d{3}) +\| `\/problems\/([\w-]+)`/gm)];
  const documented = Object.fromEntries(rows.map(([, status, name]) => [name, Number(status)]));
  const existing = Object.fromEntries(Object.entries(PROBLEMS).map(([name, [status]]) => [name, status]));
  expect(documented).toEqual(existing);
});
