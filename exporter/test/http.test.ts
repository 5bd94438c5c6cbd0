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

test("the landing page lists what is not exported and why, in any characters", async () => {
  expect((await exporter.get("/")).text).not.toContain("no JSON object");
  await redis.client.set("<b>&", "{");
  await redis.client.hset(
    "gaugelet:outputs",
    "<b>&",
    JSON.stringify({ function: "f", version: "1", storedAt: 1 }),
  );
  await exporter.scrape();
  const { text } = await exporter.get("/");
  expect(text).toContain(
    "<tr><td><code>&#60;b&#62;&#38;</code></td><td>not_json</td><td>the value is not JSON</td></tr>",
  );
  await redis.client.del("<b>&");
  await redis.client.hdel("gaugelet:outputs", "<b>&");
  await exporter.scrape();
  expect((await exporter.get("/")).text).not.toContain("not_json");
});

test.each(["/nothing", "/metrics/x", "/favicon.ico"])("%s is not found, in plain text", async (path) => {
  expect(await exporter.get(path)).toMatchObject({ status: 404, type: "text/plain; charset=utf-8" });
});

test.each(["/metrics", "/probe", "/healthz", "/-/healthy", "/readyz", "/-/ready", "/"])(
  "%s is for GET and HEAD",
  async (path) => {
    const url = `http://127.0.0.1:${exporter.port}${path}`;
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const response = await fetch(url, { method });
      expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
      expect(await response.text()).toBe(`${method} is not possible here; use GET or HEAD\n`);
    }
    expect((await fetch(url, { method: "HEAD" })).status).toBe(path === "/probe" ? 400 : 200);
  },
);

test("stopping ends the requests at hand well and frees the port", async () => {
  const other = await startTestExporter({ redis });
  const scrapes = Promise.all([other.scrape(), other.scrape()]);
  await new Promise((resolve) => setImmediate(resolve));
  await scrapes;
  await other.stop();
  await expect(other.get("/healthz")).rejects.toThrow("fetch failed");
  await other.stop();
});
