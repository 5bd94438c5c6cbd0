import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { waitFor } from "@gaugelet/testing/wait";
import type { Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { host } from "../dashboards/src/host/dashboard.ts";
import { exposition } from "./exposition.ts";
import { expressionsOf, fillIn, panelsOf } from "./panels.ts";
import { startPrometheus, type TestPrometheus } from "./prometheus-server.ts";

/** What Grafana puts in place of the variables; several chosen values become an alternation. */
const chosen = { job: "exporter", instance: ".*", host: "default", cpu: "(0|1)", __rate_interval: "10s" };

let exporter: Server;
let prometheus: TestPrometheus;

beforeAll(async () => {
  let step = 0;
  exporter = createServer((_request, response) => response.end(exposition(++step)));
  await once(exporter.listen(0, "127.0.0.1"), "listening");
  prometheus = await startPrometheus(`127.0.0.1:${(exporter.address() as AddressInfo).port}`);
}, 30_000);

afterAll(async () => {
  await prometheus?.stop();
  exporter?.closeAllConnections();
  exporter?.close();
});

describe("the dashboard Host on what the exporter serves", () => {
  const dashboard = host();
  const queries = panelsOf(dashboard).flatMap((panel: Panel) =>
    expressionsOf(panel).map((expression): [string, string] => [panel.title ?? "", expression]),
  );

  it.each(queries)(
    "%s has data for functions with and without shards: %s",
    async (title, expression) => {
      for (const choice of ["usage", "usage-by-host", "(usage|usage-by-host)"]) {
        const query = fillIn(expression, { ...chosen, function: choice });
        await waitFor(`${title}: ${query}`, async () => (await prometheus.countSeries(query)) > 0, 10);
      }
    },
    40_000,
  );

  it.each(queries)("%s shows the chosen host alone: %s", async (_title, expression) => {
    const query = fillIn(expression, { ...chosen, host: "another", function: "usage-by-host" });
    expect(await prometheus.countSeries(query)).toBe(0);
  });

  it("says of a host that nobody measures neither that it is well nor that it is not", async () => {
    const [verdict = ""] = queries.flatMap(([title, query]) => (title === "Is it well?" ? [query] : []));
    const countOf = (name: string): Promise<number> =>
      prometheus.countSeries(fillIn(verdict, { ...chosen, host: name, function: "usage" }));
    await waitFor("a verdict", async () => (await countOf("default")) === 1, 10);
    expect(await countOf("another")).toBe(0);
  });

  it("fills its variables", async () => {
    const values = async (name: string): Promise<string[]> => {
      const definition =
        dashboard.templating.list?.find((variable) => variable.name === name)?.definition ?? "";
      const [, selector = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? [];
      return prometheus.labelValues(label, fillIn(selector, chosen));
    };
    expect(await values("host")).toEqual(["default"]);
    expect(await values("function")).toEqual(["usage", "usage-by-host"]);
    expect(await values("cpu")).toEqual(["0", "1"]);
  });
});
