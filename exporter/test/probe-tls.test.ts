import { createAuthority, type TestAuthority } from "@gaugelet/testing/certificates";
import { freePort } from "@gaugelet/testing/ports";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestExporter, type TestExporter } from "./support/test-exporter.ts";

let authority: TestAuthority;
let redis: TestRedis;
let port: number;
let exporter: TestExporter;

beforeAll(async () => {
  authority = await createAuthority();
  const { cert, key } = await authority.issue("redis");
  port = await freePort();
  const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", authority.ca];
  redis = await startRedis(["--tls-port", String(port), "--tls-auth-clients", "no", ...files]);
  await redis.client.set("a", '{"n": 7}');
  exporter = await startTestExporter({
    redis,
    yaml: `
targets:
  - { url: "rediss://127.0.0.1:${port}/0", caFile: "${authority.ca}" }
  - rediss://127.0.0.1:*
`,
  });
});
afterAll(async () => {
  await exporter.stop();
  await redis.stop();
  await authority.remove();
});

async function probe(target: string): Promise<string> {
  const { status, text } = await exporter.get(
    `/probe?${new URLSearchParams({ target, key: "a" }).toString()}`,
  );
  expect(status).toBe(200);
  return text;
}

test("a Redis is probed over TLS, by the authority that the configuration names", async () => {
  const text = await probe(`rediss://127.0.0.1:${port}/0`);
  expect(text).toContain("gaugelet_exporter_probe_success 1\n");
  expect(text).toContain('gaugelet_output_value{function="a",field="n"} 7\n');
});

test("a Redis whose certificate nobody vouches for is away", async () => {
  expect(await probe(`rediss://127.0.0.1:${port}`)).toContain("gaugelet_exporter_probe_success 0\n");
});

test("a Redis without TLS is not the target that was allowed with it", async () => {
  const query = new URLSearchParams({ target: `redis://127.0.0.1:${port}/0`, key: "a" });
  const { status, text } = await exporter.get(`/probe?${query.toString()}`);
  expect([status, text]).toEqual([400, expect.stringContaining("target: not allowed")]);
});
