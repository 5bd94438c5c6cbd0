import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthority } from "@gaugelet/testing/certificates";
import { freePort } from "@gaugelet/testing/ports";
import { startRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { hashSync } from "bcryptjs";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { startExporter } from "../../src/app.ts";
import { storeOutput } from "../support/entries.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Target {
  readonly labels: { readonly job: string };
  readonly health: string;
  readonly lastError: string;
}

test("Prometheus scrapes over TLS with a client certificate and a password, and is refused without", async () => {
  const authority = await createAuthority();
  cleanups.push(() => authority.remove());
  const server = await authority.issue("server");
  const client = await authority.issue("client", "DNS:prometheus.example");
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-prometheus-"));
  cleanups.push(() => rm(folder, { recursive: true }));

  const redis = await startRedis();
  cleanups.push(() => redis.stop());
  await storeOutput(redis.client, "f", { x: 7 });
  const webConfigurationFile = join(folder, "web.yml");
  await writeFile(
    webConfigurationFile,
    `
tls_server_config:
  cert_file: ${server.cert}
  key_file: ${server.key}
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ${authority.ca}
  client_allowed_sans: [prometheus.example]
basic_auth_users:
  prometheus: ${hashSync("open sesame", 10)}
`,
  );
  const exporter = await startExporter({
    redis: { host: "127.0.0.1", port: redis.port, username: undefined, password: undefined, db: 0 },
    address: "127.0.0.1",
    port: 0,
    configurationFile: undefined,
    webConfigurationFile,
    outputs: [],
    logger: pino({ level: "silent" }),
  });
  cleanups.push(() => exporter.stop());

  const job = (name: string, password: string, certificate: string): string => `
  - job_name: ${name}
    scheme: https
    static_configs: [{ targets: ["localhost:${exporter.port}"] }]
    basic_auth: { username: prometheus, password: ${password} }
    tls_config: { ca_file: ${authority.ca}${certificate} }`;
  const shown = `, cert_file: ${client.cert}, key_file: ${client.key}`;
  await writeFile(
    join(folder, "prometheus.yml"),
    `global: { scrape_interval: 1s }\nscrape_configs:${job("right", "open sesame", shown)}${job("wrong-password", "shut sesame", shown)}${job("no-certificate", "open sesame", "")}\n`,
  );
  const port = await freePort();
  const prometheus = spawn(
    "prometheus",
    [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: "ignore" },
  );
  const ended = once(prometheus, "exit");
  cleanups.push(async () => {
    prometheus.kill("SIGKILL");
    await ended;
  });

  const ask = async <Data>(path: string): Promise<Data> =>
    ((await (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json()) as { data: Data }).data;
  const targets = await waitFor("every target was scraped", async () => {
    const { activeTargets } = await ask<{ activeTargets: Target[] }>("targets");
    // Its health is there a moment before the reason.
    const isKnown = ({ health, lastError }: Target): boolean =>
      health === "up" || (health === "down" && lastError !== "");
    return activeTargets.length === 3 && activeTargets.every(isKnown) ? activeTargets : undefined;
  });
  const outcomes = Object.fromEntries(
    targets.map(({ labels, health, lastError }) => [labels.job, `${health} ${lastError}`]),
  );
  expect(outcomes).toEqual({
    right: "up ",
    "wrong-password": "down server returned HTTP status 401 Unauthorized",
    "no-certificate": expect.stringMatching(
      /^down .*(certificate required|bad certificate|handshake failure|alert|reset|EOF|broken pipe)/,
    ),
  });
  const { result } = await waitFor("the value is there", async () => {
    const data = await ask<{ result: { value: [number, string] }[] }>(`query?query=gaugelet_output_value`);
    return data.result.length > 0 ? data : undefined;
  });
  expect(result.map(({ value }) => value[1])).toEqual(["7"]);
});
