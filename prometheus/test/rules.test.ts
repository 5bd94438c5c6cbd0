import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { dashboards } from "@gaugelet/grafana/dashboards";
import { overview } from "@gaugelet/grafana/overview/dashboard";
import { expect, it } from "vitest";
import { expressionsOf, panelsOf } from "../../grafana/test/panels.ts";
import { generatedFiles } from "../src/files.ts";
import { ruleFiles } from "../src/groups.ts";
import { prometheusRule } from "../src/operator.ts";
import { alerts, seconds } from "./alerts/promtool.ts";

const run = promisify(execFile);
const folder = join(import.meta.dirname, "..");

it("Prometheus accepts its configuration and the rules", async () => {
  await run("promtool", ["check", "config", "prometheus.yml"], { cwd: folder });
});

it.each([
  "alertmanager.yml",
  "examples/alertmanager-mail.yml",
  "examples/alertmanager-chat.yml",
  "../kustomize/overlays/prod/alertmanager.yml",
])("Alertmanager accepts %s", async (file) => {
  await run("amtool", ["check-config", file], { cwd: folder });
});

it.each([
  [["severity=critical", "owner=data-team"], "on-call,data-team"],
  [["severity=warning", "owner=data-team"], "data-team"],
  [["severity=warning"], "operations"],
])("an alert with %s goes to %s, in the example with mail", async (labels, receivers) => {
  const file = "examples/alertmanager-mail.yml";
  const { stdout } = await run("amtool", ["config", "routes", "test", `--config.file=${file}`, ...labels], {
    cwd: folder,
  });
  expect(stdout.trim()).toBe(receivers);
});

it("the rules do what their tests say", async () => {
  const tests = (await readdir(join(folder, "tests"))).map((file) => join("tests", file));
  await run("promtool", ["test", "rules", ...tests], { cwd: folder });
});

it("every recorded series is used by a dashboard or a rule, and none that is not recorded", async () => {
  const rules = Object.values(ruleFiles)
    .flat()
    .flatMap((group) => group.rules);
  const recorded = rules.flatMap((rule) => ("record" in rule ? [rule.record] : []));
  const panels = Object.values(dashboards).flatMap((build) => panelsOf(build()).flatMap(expressionsOf));
  const expressions = [...panels, ...rules.map(({ expr }) => expr)];
  const used = expressions.flatMap((text) => text.match(/\b\w+:\w+:\w+\b/g) ?? []);
  expect([...new Set(used)].sort()).toEqual(recorded.sort());
});

it.each(Object.entries(generatedFiles()))(
  "%s is what the code makes; npm run rules renews it",
  async (file, text) => {
    expect(await readFile(join(folder, "..", file), "utf8")).toBe(text);
  },
);

it("a Prometheus that others use tells nothing of their targets", () => {
  const { spec } = prometheusRule() as { spec: { groups: { rules: { alert?: string }[] }[] } };
  const told = spec.groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? []));
  const names = alerts.map(({ alert }) => alert);
  expect(names.filter((name) => !told.includes(name))).toEqual(["GaugeletTargetDown"]);
});

it("there are no other rule files", async () => {
  expect((await readdir(join(folder, "rules"))).sort()).toEqual(Object.keys(ruleFiles).sort());
});

it("every alert has a page in docs/runbooks and a row in the reference, and there are no others", async () => {
  const names = alerts.map(({ alert }) => alert).sort();
  const pages = await readdir(join(folder, "../docs/runbooks"));
  expect(pages.filter((page) => page !== "README.md").sort()).toEqual(names.map((name) => `${name}.md`));
  for (const page of pages) {
    const text = await readFile(join(folder, "../docs/runbooks", page), "utf8");
    if (page === "README.md") continue;
    for (const heading of ["# ", "## What it means", "## How to check", "## How to mend"]) {
      expect(text, page).toContain(heading);
    }
  }
  const reference = await readFile(join(folder, "../docs/reference/alerts.md"), "utf8");
  const cells = (row: string): string[] => row.split("|").map((cell) => cell.trim());
  const rows = reference.split("\n").filter((line) => line.startsWith("| [Gaugelet"));
  expect(rows.map(cells)).toEqual(
    alerts.map((rule) => {
      const severity = rule.severity === "label" ? "of the manifest" : rule.severity;
      const name = `[${rule.alert}](../runbooks/${rule.alert}.md)`;
      return ["", name, severity, rule.for, rule.keepFiringFor, rule.summary, ""];
    }),
  );
});

it.each([
  ["GaugeletRedisDown", "GaugeletTopicNotRead"],
  ["GaugeletRuntimeDown", "GaugeletOutputStale"],
])("%s goes on longer than %s, which follows from it and is kept back meanwhile", (cause, consequence) => {
  const goesOnFor = (name: string): number => {
    const { keepFiringFor } = alerts.find(({ alert }) => alert === name) ?? { keepFiringFor: "" };
    return seconds(keepFiringFor);
  };
  expect(goesOnFor(cause)).toBeGreaterThan(goesOnFor(consequence));
});

it("the Overview lists alerts with all labels that they name what they are about by", () => {
  const [table] = panelsOf(overview()).filter(({ title }) => title === "Alerts that fire now");
  const [query = ""] = table === undefined ? [] : expressionsOf(table);
  const listed = /^sum by \(([^)]*)\)/.exec(query)?.[1]?.split(", ") ?? [];
  const named = alerts.flatMap(({ description }) =>
    [...description.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label),
  );
  expect(listed).toEqual(expect.arrayContaining(named));
});

it("every alert says constant words, and then the labels and the value of its own", () => {
  for (const { alert, summary, description } of alerts) {
    expect(summary, alert).not.toContain("{{");
    expect(description, alert).toMatch(/\{\{ \$labels\.\w+ \}\}/);
    expect(description, alert).toMatch(/\{\{ \$value \| humanize\w* \}\}/);
  }
});
