import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { storeOutput } from "./support/entries.ts";
import { linesOf, newDrops } from "./support/exposition.ts";
import { startTestExporter, type TestExporter } from "./support/test-exporter.ts";

let redis: TestRedis;
let exporter: TestExporter;
beforeAll(async () => {
  redis = await startRedis();
});
beforeEach(async () => {
  exporter = await startTestExporter({ redis, yaml: rule("first") });
  await storeOutput(redis.client, "f", { x: 1 });
});
afterEach(() => exporter.stop());
afterAll(() => redis.stop());

const rule = (metric: string): string => `rules: [{ path: x, metric: ${metric}, help: h }]`;

async function names(): Promise<string[]> {
  return (await exporter.scrape()).split("\n").filter((line) => /^(first|second)\{/.test(line));
}

async function reload(): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${exporter.port}/-/reload`, { method: "POST" });
  return { status: response.status, text: await response.text() };
}

async function state(): Promise<{ isSuccessful: string; at: number }> {
  const text = await exporter.scrape();
  const [successful] = linesOf(text, "gaugelet_exporter_config_last_reload_successful");
  const [time] = linesOf(text, "gaugelet_exporter_config_last_reload_success_timestamp_seconds");
  return { isSuccessful: successful?.split(" ")[1] ?? "", at: Number(time?.split(" ")[1]) };
}

test("a reload takes the new configuration", async () => {
  expect(await names()).toEqual(['first{function="f"} 1']);
  const before = await state();
  await exporter.configure(rule("second"));
  expect(await reload()).toEqual({ status: 200, text: "ok\n" });
  expect(await names()).toEqual(['second{function="f"} 1']);
  const after = await state();
  expect(after.isSuccessful).toBe("1");
  expect(after.at).toBeGreaterThan(before.at);
});

test("a changed file is taken by itself", async () => {
  expect(await names()).toEqual(['first{function="f"} 1']);
  await exporter.configure(rule("second"));
  await waitFor("the new rule is in force", async () => (await names())[0]?.startsWith("second"));
});

test("a wrong configuration changes nothing, and is told", async () => {
  const before = await state();
  await exporter.configure("rules: [{ path: x }]");
  const { status, text } = await reload();
  expect(status).toBe(500);
  expect(text).toMatch(
    /^the configuration before stays in force: .*exporter\.yaml: rules\[0\]: expected either metric/,
  );
  expect(await names()).toEqual(['first{function="f"} 1']);
  expect(await state()).toEqual({ isSuccessful: "0", at: before.at });
  await exporter.configure(rule("second"));
  expect((await reload()).status).toBe(200);
  expect((await state()).isSuccessful).toBe("1");
});

test("a reload that changes nothing counts and logs nothing again", async () => {
  await exporter.configure(
    `${rule("first")}\nlimits: { series: 7 }\ntargets: ["redis://*"]\nmodules: { m: {} }\n`,
  );
  await reload();
  await storeOutput(redis.client, "bad", "{");
  const before = await exporter.scrape();
  const warnings = (): number => exporter.log.filter(({ msg }) => msg.startsWith("not exported")).length;
  expect(warnings()).toBe(1);
  expect(await reload()).toEqual({ status: 200, text: "ok\n" });
  expect(newDrops(before, await exporter.scrape())).toEqual({});
  expect(warnings()).toBe(1);
  await redis.client.flushall();
});

test("what is wrong is logged once, however often the file is read, and again after it was right", async () => {
  const errors = (): number => exporter.log.filter(({ level }) => level === 50).length;
  for (const times of [1, 2]) {
    await exporter.configure("rules: [{ path: x }]");
    expect([(await reload()).status, (await reload()).status]).toEqual([500, 500]);
    expect(errors()).toBe(times);
    await exporter.configure(rule("first"));
    expect((await reload()).status).toBe(200);
  }
});

test("only POST reloads", async () => {
  const response = await fetch(`http://127.0.0.1:${exporter.port}/-/reload`);
  expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
});

test("the landing page shows a reload that failed, until one succeeds", async () => {
  const page = async (): Promise<string> => (await exporter.get("/")).text;
  expect(await page()).not.toContain('role="alert"');
  await exporter.configure("rules: [{ path: x }]");
  await reload();
  expect(await page()).toMatch(/role="alert".*wrong; the one before.*\n.*rules\[0\]: expected either metric/);
  await exporter.configure(rule("second"));
  await reload();
  expect(await page()).not.toContain('role="alert"');
});
