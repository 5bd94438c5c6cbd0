import { createConnection } from "node:net";
import { gunzipSync } from "node:zlib";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { storeOutput } from "./support/entries.ts";
import { linesOf, promtoolComplaints } from "./support/exposition.ts";
import { MEASUREMENT } from "./support/measurement.ts";
import { parseExposition } from "./support/parse-exposition.ts";
import { startTestExporter, type TestExporter } from "./support/test-exporter.ts";

const OPENMETRICS = "application/openmetrics-text;version=1.0.0";
const YAML = `
rules:
  - { path: "größe.in bytes", metric: "größe.in_bytes", unit: bytes, help: 'Quote " and \\.', labels: { "l.é": "ü" } }
  - { path: version, metric: app_info, type: info, help: What runs., labels: { version: { from: value } } }
  - { path: sold, metric: shop_sold_bytes_total, unit: bytes, type: counter, help: Sold., timestamp: { document: at, format: seconds } }
  - { path: odd, metric: odd, type: unknown, help: Nobody knows. }
`;

let redis: TestRedis;
let exporter: TestExporter;
beforeAll(async () => {
  redis = await startRedis();
  exporter = await startTestExporter({ redis, yaml: YAML });
});
beforeEach(async () => {
  await redis.client.flushall();
  await storeOutput(redis.client, "metrics", MEASUREMENT, {
    function: "host-metrics",
    storedAt: 1_795_240_489_519,
  });
  const document = { "größe.in bytes": 1, version: "1.2", sold: 3, at: 1_700_000_000.5, odd: 4 };
  await storeOutput(redis.client, "shop", document, { storedAt: 1_795_240_489_519 });
});
afterAll(async () => {
  await exporter.stop();
  await redis.stop();
});

/** Without what differs from run to run. */
const stable = (text: string): string => {
  const families = text.split(/^(?=# HELP )/m);
  return families.filter((family) => !/^# HELP (gaugelet__?exporter|process|nodejs)/.test(family)).join("");
};

test.each([
  ["openmetrics-utf8", `${OPENMETRICS};escaping=allow-utf-8`],
  ["openmetrics-underscores", OPENMETRICS],
  ["openmetrics-values", `${OPENMETRICS};escaping=values`],
  ["text-dots", "text/plain;version=1.0.0;escaping=dots"],
  ["text-utf8", "text/plain;version=1.0.0;escaping=allow-utf-8"],
])("the whole text as %s", async (name, accept) => {
  const { text } = await exporter.get("/metrics", { accept });
  const format = accept.startsWith("text") ? "text" : "openmetrics";
  const families = parseExposition(text, format);
  expect(families.length).toBeGreaterThan(50);
  await expect(stable(text)).toMatchFileSnapshot(`golden/${name}.prom`);
});

test("text 0.0.4 is what promtool takes", async () => {
  const text = await exporter.scrape();
  parseExposition(text, "text");
  // It finds fault with names that rules give, and with time stamps; not with anything of the text itself.
  expect(promtoolComplaints(text)).not.toMatch(/error while linting|parsing|unexpected/);
});

test("OpenMetrics says when our counters and histograms began, and has examples", async () => {
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  await exporter.get("/metrics", { traceparent: `00-${trace}-00f067aa0ba902b7-01` });
  const { text } = await exporter.get("/metrics", { accept: OPENMETRICS });
  const families = new Map(parseExposition(text, "openmetrics").map((family) => [family.name, family]));
  const dropped = families.get("gaugelet_exporter_dropped");
  expect(dropped?.type).toBe("counter");
  const created = dropped?.samples.filter(({ name }) => name.endsWith("_created")) ?? [];
  expect(created).toHaveLength((dropped?.samples.length ?? 0) / 2);
  for (const { value } of created) expect(Math.abs(Date.now() / 1000 - value)).toBeLessThan(3600);
  const exemplarsOf = (name: string) =>
    families.get(name)?.samples.flatMap(({ exemplar }) => (exemplar === undefined ? [] : [exemplar.labels]));
  expect(exemplarsOf("gaugelet_exporter_scrape_duration_seconds")).toEqual([{ trace_id: trace }]);
  expect(exemplarsOf("gaugelet_exporter_render_duration_seconds")?.length).toBeGreaterThan(0);
  const text004 = await exporter.scrape();
  expect(text004).not.toContain("_created");
  expect(text004).not.toContain("# {");
});

test("gzip holds the same, before and after a change", async () => {
  const zipped = async (): Promise<string> => {
    const bytes = await raw(
      exporter.port,
      "GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n",
    );
    const end = bytes.indexOf("\r\n\r\n");
    expect(bytes.toString("latin1", 0, end)).toContain("Content-Encoding: gzip");
    return gunzipSync(bytes.subarray(end + 4)).toString();
  };
  for (const x of [1, 2]) {
    await storeOutput(redis.client, "shop", { x });
    const text = await zipped();
    expect(stable(text)).toBe(stable(await exporter.scrape()));
    expect(linesOf(text, "gaugelet_output_value")).toContain(
      `gaugelet_output_value{function="shop",field="x"} ${x}`,
    );
  }
});

test("HEAD has the headers of GET and nothing behind them", async () => {
  const bytes = await raw(exporter.port, "HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const [head = "", body] = bytes.toString().split("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(head).toMatch(/\r\nContent-Length: [1-9]\d{3,}(\r\n|$)/);
  expect(head).toContain("Content-Type: text/plain; version=0.0.4; charset=utf-8");
  expect(head).not.toMatch(/etag/i);
  expect(body).toBe("");
});

test("many scrapers at once, in all formats, while outputs change", async () => {
  const accepts = ["*/*", OPENMETRICS, "text/plain;version=1.0.0;escaping=dots"];
  for (let round = 0; round < 10; round++) {
    await storeOutput(redis.client, "shop", { x: round, y: "z".repeat(round) });
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        exporter.get("/metrics", { accept: accepts[index % 3] as string }),
      ),
    );
    for (const { text, type } of answers) {
      parseExposition(text, type.startsWith("text/plain") ? "text" : "openmetrics");
      expect(text).toMatch(
        new RegExp(`^gaugelet_+output_+value\\{function="shop",field="x"\\} ${round}$`, "m"),
      );
    }
  }
});

/** What comes back over a bare connection. */
function raw(port: number, request: string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  createConnection(port, "127.0.0.1", function (this: import("node:net").Socket) {
    this.write(request);
  })
    .on("data", (chunk) => chunks.push(chunk))
    .on("end", () => resolve(Buffer.concat(chunks)))
    .on("error", reject);
  return promise;
}
