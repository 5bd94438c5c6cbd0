import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { DROP_REASONS } from "../src/drops.ts";
import { ruleSchema } from "../src/mapping/rule-schema.ts";
import { loadRules } from "../src/mapping/rules.ts";

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const page = read("../../docs/reference/exporter.md");

/** The code spans in the first column of the table under a heading. */
function firstColumn(heading: string): string[] {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading)) ?? "";
  const cells = [...section.matchAll(/^\| (`[^|]*) \|/gm)].map(([, cell]) => cell ?? "");
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? "")).sort();
}

test("the page lists the reasons for a drop, no more and no less", () => {
  expect(firstColumn("What is dropped")).toEqual(Object.keys(DROP_REASONS).sort());
});

test("the page lists the exporter's own metrics, no more and no less", () => {
  const files = readdirSync(new URL("../src/", import.meta.url), { recursive: true, encoding: "utf8" });
  const sources = files.filter((file) => file.endsWith(".ts")).map((file) => read(`../src/${file}`));
  const names = new Set(sources.join().match(/(?<=")gaugelet_exporter_[a-z_]+(?=")/g));
  expect(firstColumn("Metrics").filter((name) => name.startsWith("gaugelet_exporter_"))).toEqual(
    [...names].sort(),
  );
});

test("the page lists the fields of a rule, no more and no less", () => {
  expect(firstColumn("Rules")).toEqual(Object.keys(ruleSchema.shape).sort());
});

test("the page lists the variables that are read, no more and no less", () => {
  const names = new Set(read("../src/environment.ts").match(/\bGAUGELET_[A-Z_]+\b/g));
  expect(firstColumn("Environment")).toEqual([...names].sort());
});

test("the page lists every metric of the default rules", async () => {
  const listed = firstColumn("Metrics").map((metric) => metric.replace(/\{.*/, ""));
  const patterns = listed.map(
    (metric) => new RegExp(`^${metric.replace("<kind>", "[a-z]+").replace("*", ".*")}$`),
  );
  const missing = (await loadRules())
    .map(({ definition }) => definition.metric)
    .filter((name) => name !== undefined && !patterns.some((pattern) => pattern.test(name)));
  expect(missing).toEqual([]);
});
