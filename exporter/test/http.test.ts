import { readFileSync } from "node:fs";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { storeOutput } from "./support/entries.ts";
import { startTestExporter, type TestExporter } from "./support/test-exporter.ts";

let redis: TestRedis;
let exporter: TestExporter;
beforeAll(async () => {
  redis = await startRedis();
  exporter = await startTestExporter({ redis });
});
afterAll(async () => {
  await exporter.stop();
  await redis.stop();
});

test("metrics come with the content type of Prometheus' text format", async () => {
  const { status, type } = await exporter.get("/metrics");
  expect({ status, type }).toEqual({ status: 200, type: "text/plain; version=0.0.4; charset=utf-8" });
});

test("the exporter's own metrics and those of its process", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  await exporter.scrape();
  const exposition = await exporter.scrape();
  expect(exposition).toContain(`gaugelet_exporter_build_info{version="${version}"} 1\n`);
  expect(exposition).toMatch(/^gaugelet_exporter_scrape_duration_seconds_count [1-9]/m);
  expect(exposition).toMatch(/^process_cpu_seconds_total \d/m);
  expect(exposition).toContain('gaugelet_exporter_dropped_total{reason="not_json"} 0\n');
});

test("health and readiness", async () => {
  const ok = { status: 200, type: "text/plain; charset=utf-8", text: "ok\n" };
  expect(await exporter.get("/healthz")).toEqual(ok);
  expect(await exporter.get("/readyz")).toEqual(ok);
  expect(await exporter.get("/-/healthy")).toEqual(ok);
  expect(await exporter.get("/-/ready")).toEqual(ok);
});

test("the landing page says what there is", async () => {
  await storeOutput(redis.client, "a", { x: 1 });
  await storeOutput(redis.client, "b", { x: 1 });
  await redis.client.del("b");
  await exporter.scrape();
  const { status, type, text } = await exporter.get("/");
  expect({ status, type }).toEqual({ status: 200, type: "text/html; charset=utf-8" });
  expect(text).toContain("<dt>Redis</dt><dd>answers</dd>");
  expect(text).toContain("<dt>Outputs that are exported</dt><dd>1</dd>");
  for (const path of ["metrics", "-/healthy", "-/ready"]) expect(text).toContain(`<a href="${path}">`);
});

test.each(["/nothing", "/metrics/x", "/favicon.ico"])("%s is not found, in plain text", async (path) => {
  expect(await exporter.get(path)).toMatchObject({ status: 404, type: "text/plain; charset=utf-8" });
});

test("only GET and HEAD", async () => {
  const url = `http://127.0.0.1:${exporter.port}/metrics`;
  expect((await fetch(url, { method: "POST" })).status).toBe(404);
  expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
});

test("stopping ends the requests at hand well and frees the port", async () => {
  const other = await startTestExporter({ redis });
  const scrapes = Promise.all([other.scrape(), other.scrape()]);
  await new Promise((resolve) => setImmediate(resolve));
  await scrapes;
  await other.stop();
  await expect(other.get("/healthz")).rejects.toThrow("fetch failed");
  await other.stop();
});
