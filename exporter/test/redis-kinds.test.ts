import { redisAddressFrom } from "@gaugelet/shared/redis/environment";
import { createAuthority } from "@gaugelet/testing/certificates";
import { documentedRights } from "@gaugelet/testing/documented-rights";
import { freePort } from "@gaugelet/testing/ports";
import { startCluster } from "@gaugelet/testing/redis-cluster";
import { startSentinels } from "@gaugelet/testing/redis-sentinel";
import { startRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, expect, test } from "vitest";
import { storeOutput } from "./support/entries.ts";
import { linesOf } from "./support/exposition.ts";
import { startTestExporter, type TestExporter } from "./support/test-exporter.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function exporterOf(variables: Record<string, string>, keys?: string): Promise<TestExporter> {
  const exporter = await startTestExporter({ redis: redisAddressFrom(variables), ...(keys && { keys }) });
  cleanups.push(() => exporter.stop());
  return exporter;
}

const values = async (exporter: TestExporter): Promise<string[]> =>
  linesOf(await exporter.scrape(), "gaugelet_output_value");

test("a Redis Cluster: outputs of all its nodes, announced ones and those of a pattern", async () => {
  const cluster = await startCluster();
  cleanups.push(() => cluster.stop());
  const names = Array.from({ length: 20 }, (_, number) => `f${String(number).padStart(2, "0")}`);
  for (const name of names) {
    // Not the helper: it is made for one server.
    await cluster.client.set(`output:${name}`, '{"x": 1}');
    await cluster.client.hset(
      "gaugelet:outputs",
      `output:${name}`,
      JSON.stringify({ function: name, version: "1", storedAt: Date.now() }),
    );
    await cluster.client.set(`other:${name}`, '{"x": 2}');
  }
  const exporter = await exporterOf(
    { REDIS_CLUSTER_NODES: `127.0.0.1:${cluster.primaries[0]?.port}` },
    "other:*",
  );
  await waitFor("all are there", async () => (await values(exporter)).length === 40);
  const lines = new Set(await values(exporter));
  for (const name of names) expect(lines).toContain(`gaugelet_output_value{function="${name}",field="x"} 1`);
  expect([...lines].filter((line) => line.endsWith(" 2"))).toHaveLength(20);
  expect(await exporter.scrape()).toContain("gaugelet_exporter_redis_up 1\n");
});

test("the primary that Sentinels name, also after a fail-over", async () => {
  const setup = await startSentinels();
  cleanups.push(() => setup.stop());
  const exporter = await exporterOf({
    REDIS_SENTINELS: setup.ports.map((port) => `127.0.0.1:${port}`).join(),
    REDIS_SENTINEL_NAME: setup.name,
  });
  await storeOutput(setup.primary.client, "f", { x: 1 });
  await waitFor("it is exported", async () => (await values(exporter))[0]?.endsWith(" 1"));
  await waitFor("the replica has it", () => setup.replica.client.exists("f"));
  await setup.primary.crash();
  await setup.failedOver();
  await storeOutput(setup.replica.client, "f", { x: 2 });
  await waitFor("the new one is exported", async () => (await values(exporter))[0]?.endsWith(" 2"));
});

test("a Redis that speaks TLS alone to those who have a certificate, and to a user with the documented rights", async () => {
  const authority = await createAuthority();
  cleanups.push(() => authority.remove());
  const server = await authority.issue("server");
  const client = await authority.issue("client");
  const port = await freePort();
  const redis = await startRedis([
    "--tls-port",
    String(port),
    "--tls-cert-file",
    server.cert,
    "--tls-key-file",
    server.key,
    "--tls-ca-cert-file",
    authority.ca,
  ]);
  cleanups.push(() => redis.stop());
  const [command = "", ...rights] = await documentedRights("exporter");
  await redis.client.call(command, ...rights);
  await storeOutput(redis.client, "output:f", { x: 1 });
  await redis.client.set("output:other", '{"x": 2}');
  const exporter = await exporterOf(
    {
      REDIS_PORT: String(port),
      REDIS_USERNAME: "exporter",
      REDIS_PASSWORD: "password",
      REDIS_TLS: "true",
      REDIS_TLS_CA_FILE: authority.ca,
      REDIS_TLS_CERT_FILE: client.cert,
      REDIS_TLS_KEY_FILE: client.key,
    },
    "output:o*",
  );
  await waitFor("it is exported", async () => (await values(exporter)).length === 2);
  const exposition = await exporter.scrape();
  expect(
    linesOf(exposition, "gaugelet_exporter_dropped_total").filter((line) => !line.endsWith(" 0")),
  ).toEqual([]);
  const denials = (await redis.client.call("ACL", "LOG")) as unknown[];
  // The library introduces itself; that this is refused does no harm.
  expect(denials.filter((denial) => !JSON.stringify(denial).includes("setinfo"))).toEqual([]);
  expect(JSON.stringify(exporter.log)).not.toContain('"password"');
});
