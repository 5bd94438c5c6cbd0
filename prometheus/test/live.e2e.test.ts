import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { dashboards } from "@gaugelet/grafana/dashboards";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expressionsOf, fillIn, panelsOf } from "../../grafana/test/panels.ts";
import { alerts } from "./alerts/promtool.ts";
import { codeOf, functions } from "./live/functions.ts";
import { alone, publish, type Scenario, together } from "./live/scenarios.ts";
import { type LiveAlert, type LiveStack, startLiveStack } from "./live/stack.ts";

const ROOT = join(import.meta.dirname, "../..");
/** Generous: it only matters when a test fails. */
const PATIENCE = 90;

let stack: LiveStack;

beforeAll(async () => {
  const shipped = ["host-metrics", "host-usage"].map((name) => join(ROOT, "functions", name));
  stack = await startLiveStack([...(shipped as unknown as object[]), ...functions], codeOf);
  await publish(stack, "retried", 1, {});
  await waitFor("a budget", () => stack.budget("operations", { amount: "1000" }), PATIENCE);
}, 120_000);

afterAll(() => stack?.stop());

/** What Grafana puts in place of the variables where all is chosen. */
const chosen = {
  job: ".*",
  instance: ".*",
  owner: ".*",
  function: ".*",
  topic: ".*",
  class: ".*",
  cpu: ".*",
  host: "default",
  __rate_interval: "10s",
};

describe.each(Object.entries(dashboards))("%s on a running stack", (_file, build) => {
  const dashboard = build();
  const queries = panelsOf(dashboard).flatMap((panel) =>
    expressionsOf(panel).map((expression): [string, string] => [panel.title ?? "", expression]),
  );

  it.each(queries)("%s has data: %s", async (_title, expression) => {
    const query = fillIn(expression, chosen);
    await waitFor(
      query,
      async () => {
        await stack.call("fails", {});
        return (await stack.ask<{ result: unknown[] }>("query", { query })).result.length > 0;
      },
      60,
    );
  });

  const variables = (dashboard.templating.list ?? []).filter(({ type }) => type === "query");
  it.each(variables.map(({ name, definition }) => [name, definition ?? ""]))(
    "the variable %s has values: %s",
    async (_name, definition) => {
      const [, selector = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
      const match = fillIn(selector, chosen);
      await waitFor(match, async () => {
        const values = await stack.ask<string[]>(`label/${label}/values`, { "match[]": match });
        return values.length > 0;
      });
    },
  );

  const annotations = (dashboard.annotations.list ?? []).flatMap(({ expr }) =>
    expr === undefined ? [] : [expr],
  );
  it.each(annotations)("Prometheus understands the annotation %s", async (expression) => {
    await stack.ask("query", { query: fillIn(expression, chosen) });
  });
});

describe("what breaks is told, and what is mended is over", () => {
  it("there is a way to break everything that there is an alert for", () => {
    const broken = [...together, ...alone].flatMap((scenario) => scenario.alerts);
    expect(broken.sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  });

  it("functions, hosts, notifications, configurations", async () => {
    await stack.call("quiet", {});
    await Promise.all(together.map(breakIt));
    await Promise.all(together.map(mendIt));
  });

  it.each(alone.map((scenario): [string, Scenario] => [scenario.alerts.join(), scenario]))(
    "%s",
    async (_name, scenario) => {
      await breakIt(scenario);
      await mendIt(scenario);
    },
  );

  it("a dead Redis silences what follows from it, and nothing else seems to be dead", async () => {
    // Its first call in a runtime reads what Redis has of it.
    await stack.call("fails", {});
    await stack.redis.crash();
    await waitFor(
      "a function fails, and is silenced by Redis",
      async () => {
        await stack.call("fails", { raise: true });
        const all = await stack.alerts();
        const named = (name: string): LiveAlert[] => all.filter(({ labels }) => labels.alertname === name);
        const [failing] = named("GaugeletFunctionErrorBudgetBurnFast");
        return named("GaugeletRedisDown").some(({ fingerprint }) =>
          failing?.status.inhibitedBy.includes(fingerprint),
        );
      },
      PATIENCE,
    );
    await waitFor("scrapes of the runtime", async () => {
      const query =
        'min_over_time(up{job="runtime"}[5s]) == 1 and on () count_over_time(up{job="exporter"}[5s]) > 3';
      return (await stack.ask<{ result: unknown[] }>("query", { query })).result.length > 0;
    });
    expect((await firing(["GaugeletRuntimeDown"], { job: "runtime" })).length).toBe(0);
    await stack.redis.restart();
  });
});

async function breakIt({ alerts: names, labels, breaks }: Scenario): Promise<void> {
  const seen = new Set<string>();
  await waitFor(
    `${names.join()} at Alertmanager`,
    async () => {
      await breaks(stack);
      for (const alert of await firing(names, labels)) {
        seen.add(alert.labels.alertname ?? "");
        // An alert's message alone is to get a stranger to the cause.
        expect(alert.annotations.description).not.toContain("no value");
        expect(alert.annotations.dashboard).toMatch(
          /^http:\/\/127\.0\.0\.1:\d+\/d\/gaugelet-\w+\?viewPanel=panel-\d+/,
        );
        expect(alert.labels).not.toHaveProperty("grafana");
      }
      await sleep(300);
      return names.every((name) => seen.has(name));
    },
    PATIENCE,
  );
}

async function mendIt({ alerts: names, labels, mends }: Scenario): Promise<void> {
  await waitFor(
    `${names.join()} is over`,
    async () => {
      await mends(stack);
      await sleep(300);
      return (await firing(names, labels)).length === 0;
    },
    PATIENCE,
  );
}

async function firing(
  names: readonly string[],
  labels: Readonly<Record<string, string>>,
): Promise<LiveAlert[]> {
  return (await stack.alerts()).filter(
    (alert) =>
      names.includes(alert.labels.alertname ?? "") &&
      Object.entries(labels).every(([name, value]) => alert.labels[name] === value),
  );
}
