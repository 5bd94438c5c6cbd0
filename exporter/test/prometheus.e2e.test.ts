import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@gaugelet/testing/ports";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, expect, test } from "vitest";
import { storeOutput } from "./support/entries.ts";
import { MEASUREMENT } from "./support/measurement.ts";
import { startTestExporter, type TestExporter } from "./support/test-exporter.ts";

/** What Prometheus is made to ask for; undefined: what it asks for by itself. */
const ACCEPTS: Readonly<Record<string, string | undefined>> = {
  itself: undefined,
  openmetrics1: "application/openmetrics-text;version=1.0.0",
  openmetrics0: "application/openmetrics-text;version=0.0.1",
  text: "text/plain;version=0.0.4",
  dots: "text/plain;version=1.0.0;escaping=dots",
  values: "application/openmetrics-text;version=1.0.0;escaping=values",
};

let redis: TestRedis;
let exporter: TestExporter;
let proxy: Server;
let folder: string;
const seen = new Map<string, { readonly accept: string; readonly type: string }>();

beforeAll(async () => {
  redis = await startRedis();
  exporter = await startTestExporter({
    redis,
    yaml: `
targets: ["redis://127.0.0.1:*"]
rules:
  - { path: "größe.x", metric: "größe.x", help: "h", labels: { "l.é": "ü" } }
  - { path: version, metric: app_info, type: info, help: What runs., labels: { version: { from: value } } }
  - { path: sold, metric: shop_sold_total, type: counter, help: Sold. }
`,
  });
  const document = { "größe.x": 1, version: "1.2", sold: 3, 'a"\\\nb': 4 };
  await storeOutput(redis.client, "shop", document);
  await storeOutput(redis.client, "metrics", MEASUREMENT, { function: "host-metrics" });
  // Between Prometheus and the exporter, so that it asks for what it has no setting for.
  proxy = createServer((incoming, response) => {
    const [, name = "", path = ""] = /^\/(\w+)(\/.*)$/.exec(incoming.url ?? "") ?? [];
    const accept = ACCEPTS[name] ?? String(incoming.headers.accept);
    const headers = { ...incoming.headers, accept };
    request({ port: exporter.port, path, headers }, (answer) => {
      seen.set(name, { accept, type: String(answer.headers["content-type"]) });
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
    }).end();
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  folder = await mkdtemp(join(tmpdir(), "gaugelet-prometheus-"));
});
afterAll(async () => {
  proxy.closeAllConnections();
  proxy.close();
  await exporter.stop();
  await redis.stop();
  await rm(folder, { recursive: true });
});

async function withPrometheus<Result>(
  features: string,
  use: (query: (text: string) => Promise<Vector>) => Promise<Result>,
): Promise<Result> {
  const port = await freePort();
  const jobs = Object.keys(ACCEPTS).map((name) => ({
    job_name: name,
    metrics_path: `/${name}/metrics`,
    static_configs: [{ targets: [`127.0.0.1:${(proxy.address() as AddressInfo).port}`] }],
  }));
  const probe = {
    job_name: "probe",
    metrics_path: "/probe",
    params: { target: [`redis://127.0.0.1:${redis.port}`] },
    static_configs: [{ targets: [`127.0.0.1:${exporter.port}`] }],
  };
  const file = join(folder, `${features}.yml`);
  const scrape_configs = [...jobs, probe];
  await writeFile(
    file,
    JSON.stringify({ global: { scrape_interval: "1s", scrape_timeout: "1s" }, scrape_configs }),
  );
  const options = [`--config.file=${file}`, `--storage.tsdb.path=${join(folder, features)}`];
  const prometheus: ChildProcess = spawn(
    "prometheus",
    [...options, `--web.listen-address=127.0.0.1:${port}`, `--enable-feature=${features}`],
    { stdio: "ignore" },
  );
  try {
    return await use(async (text) => {
      const address = `http://127.0.0.1:${port}/api/v1/query?${new URLSearchParams({ query: text }).toString()}`;
      const answer = (await (await fetch(address)).json()) as { data: { result: Vector } };
      return answer.data.result;
    });
  } finally {
    const exit = once(prometheus, "exit");
    prometheus.kill("SIGKILL");
    await exit;
  }
}

type Vector = { readonly metric: Readonly<Record<string, string>>; readonly value: [number, string] }[];

test.each(["exemplar-storage", "native-histograms"])(
  "Prometheus scrapes each format, with %s",
  async (features) => {
    await withPrometheus(features, async (query) => {
      const jobs = [...Object.keys(ACCEPTS), "probe"].sort();
      await waitFor("all have been scraped", async () => (await query("up == 1")).length === jobs.length, 60);
      expect((await query("up")).map(({ metric, value }) => `${metric.job} ${value[1]}`).sort()).toEqual(
        jobs.map((job) => `${job} 1`),
      );
      const found = await query(
        '{__name__=~"gaugelet_output_value|gaugelet__output__value", function="shop"}',
      );
      expect(found.map(({ metric, value }) => `${metric.job} ${metric.field} ${value[1]}`).sort()).toEqual(
        jobs.map((job) => `${job} a"\\\nb 4`),
      );
      const utf8 = await query('{__name__=~"gr.*x.*", __name__!~"gaugelet.*"} or {__name__=~"U__gr.*"}');
      expect(Object.fromEntries(utf8.map(({ metric }) => [metric.job, metric.__name__]))).toEqual({
        itself: "gr__e_x",
        openmetrics1: "gr__e_x",
        openmetrics0: "gr__e_x",
        text: "gr__e_x",
        probe: "gr__e_x",
        dots: "gr__e_dot_x",
        values: "U__gr_F6__DF_e_2E_x",
      });
      expect(await query('{__name__=~"shop_+sold_+total"} == 3')).toHaveLength(jobs.length);
      expect(await query('{__name__=~"app_+info", version="1.2"} == 1')).toHaveLength(jobs.length);
      expect(await query("gaugelet_exporter_dropped_created > 0")).not.toEqual([]);
    });
    expect(seen.get("itself")?.accept).toContain(
      features === "native-histograms"
        ? "application/vnd.google.protobuf"
        : "application/openmetrics-text;version=1.0.0",
    );
    expect(Object.fromEntries([...seen].map(([name, { type }]) => [name, type]))).toEqual({
      itself: "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
      openmetrics1: "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
      openmetrics0: "application/openmetrics-text; version=0.0.1; charset=utf-8",
      text: "text/plain; version=0.0.4; charset=utf-8",
      dots: "text/plain; version=1.0.0; charset=utf-8; escaping=dots",
      values: "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=values",
    });
  },
);
