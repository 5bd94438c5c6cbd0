import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { dashboards } from "@gaugelet/grafana/dashboards";
import { expect, it } from "vitest";
import { expressionsOf, panelsOf } from "../../grafana/test/panels.ts";

const run = promisify(execFile);
const folder = join(import.meta.dirname, "..");

it("Prometheus accepts its configuration and the rules", async () => {
  await run("promtool", ["check", "config", "prometheus.yml"], { cwd: folder });
});

it("Alertmanager accepts its configuration", async () => {
  await run("amtool", ["check-config", "alertmanager.yml"], { cwd: folder });
});

it("the rules do what their tests say", async () => {
  const tests = (await readdir(join(folder, "tests"))).map((file) => join("tests", file));
  await run("promtool", ["test", "rules", ...tests], { cwd: folder });
});

it("the dashboards use every recorded series, and none that is not recorded", async () => {
  const files = await readdir(join(folder, "rules"));
  const rules = await Promise.all(files.map((file) => readFile(join(folder, "rules", file), "utf8")));
  const recorded = rules.flatMap((text) => [...text.matchAll(/record: (\S+)/g)].map(([, name = ""]) => name));
  const expressions = Object.values(dashboards).flatMap((build) => panelsOf(build()).flatMap(expressionsOf));
  const used = expressions.flatMap((text) => text.match(/\b\w+:\w+:\w+\b/g) ?? []);
  expect([...new Set(used)].sort()).toEqual(recorded.sort());
});
