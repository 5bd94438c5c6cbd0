import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@gaugelet/testing/wait";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { alertmanagerPart } from "../src/parts/alertmanager.ts";
import { exporterPart } from "../src/parts/exporter.ts";
import { adminPasswordFile, grafanaPart } from "../src/parts/grafana.ts";
import { localize, prometheusPart } from "../src/parts/prometheus.ts";
import { redisPart } from "../src/parts/redis.ts";
import { runtimePart } from "../src/parts/runtime.ts";
import { askRedis } from "../src/redis-ping.ts";
import { ROOT } from "../src/root.ts";
import type { Settings } from "../src/settings.ts";
import { Supervisor } from "../src/supervise.ts";
import { freshSettings } from "./support.ts";

async function newSupervisor({ state }: Settings): Promise<Supervisor> {
  const logs = join(state, "logs");
  await mkdir(logs);
  const supervisor = new Supervisor(logs, () => {});
  onTestFinished(() => supervisor.stop());
  return supervisor;
}

async function connect(
  { ports }: Settings,
  login: { username?: string; password?: string } = {},
): Promise<Redis> {
  const redis = new Redis({ port: ports.redis, host: "127.0.0.1", retryStrategy: () => null, ...login });
  redis.on("error", () => {});
  onTestFinished(() => redis.disconnect());
  return redis;
}

test("Redis keeps what it was told across restarts", async () => {
  const settings = await freshSettings();
  const first = await newSupervisor(settings);
  await first.start(redisPart(settings));
  await (await connect(settings)).set("key", "value");
  await first.stop();
  const second = new Supervisor(join(settings.state, "logs"), () => {});
  onTestFinished(() => second.stop());
  await second.start(redisPart(settings));
  expect(await (await connect(settings)).get("key")).toBe("value");
});

test.each([
  [{ REDIS_PASSWORD: 'pass "word" #1' }, { password: 'pass "word" #1' }],
  [
    { REDIS_USERNAME: "me", REDIS_PASSWORD: "secret" },
    { username: "me", password: "secret" },
  ],
])("with %o Redis asks for just that", async (variables, login) => {
  const settings = await freshSettings(variables);
  const supervisor = await newSupervisor(settings);
  await supervisor.start(redisPart(settings));
  const nobody = { username: undefined, password: undefined };
  expect(await askRedis(settings.ports.redis, nobody)).toMatchObject({ kind: "refuses" });
  expect(await (await connect(settings, login)).set("key", "value")).toBe("OK");
  const file = join(settings.state, "redis", "redis.conf");
  expect(await readFile(file, "utf8")).not.toContain(variables.REDIS_PASSWORD);
});

test("Prometheus and Alertmanager run with the repository's configuration and find each other", async () => {
  const settings = await freshSettings();
  const { prometheus, alertmanager, exporter, management } = settings.ports;
  const supervisor = await newSupervisor(settings);
  await supervisor.start(prometheusPart(settings));
  await supervisor.start(alertmanagerPart(settings));

  const ask = async (path: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${prometheus}/api/v1/${path}`);
    return await response.text();
  };
  await waitFor("Prometheus knows Alertmanager", async () =>
    (await ask("alertmanagers")).includes(`http://127.0.0.1:${alertmanager}/api/v2/alerts`),
  );
  const urls = await waitFor("Prometheus knows its targets", async () => {
    const { data } = JSON.parse(await ask("targets")) as {
      data: { activeTargets: { scrapePool: string; scrapeUrl: string }[] };
    };
    const found = data.activeTargets.map(({ scrapePool, scrapeUrl }) => [scrapePool, scrapeUrl]);
    return found.length > 0 ? (Object.fromEntries(found) as unknown) : undefined;
  });
  expect(urls).toEqual({
    runtime: `http://127.0.0.1:${management}/metrics`,
    exporter: `http://127.0.0.1:${exporter}/metrics`,
    prometheus: `http://127.0.0.1:${prometheus}/metrics`,
    alertmanager: `http://127.0.0.1:${alertmanager}/metrics`,
  });
  expect(await ask("rules")).toContain(join(ROOT, "prometheus", "rules"));
});

test("addresses that are none of compose.yaml's stay, and so do absolute paths", async () => {
  const { ports } = await freshSettings();
  const configuration = {
    rule_files: ["rules/*.yml", "/etc/rules.yml"],
    scrape_configs: [{ static_configs: [{ targets: ["example.org:9420", "exporter:9420"] }], enabled: true }],
  };
  expect(localize(configuration, ports)).toEqual({
    rule_files: [join(ROOT, "prometheus", "rules/*.yml"), "/etc/rules.yml"],
    scrape_configs: [
      { static_configs: [{ targets: ["example.org:9420", `127.0.0.1:${ports.exporter}`] }], enabled: true },
    ],
  });
});

test("the runtime and the exporter get the stack's ports and Redis; the user's own configuration wins", async () => {
  const settings = await freshSettings({ REDIS_HOST: "redis.example.org", REDIS_PORT: "1" });
  const { redis, runtime, management, exporter } = settings.ports;
  const python = "/environment/bin/python";
  expect((await runtimePart(settings, python).prepare()).environment).toMatchObject({
    REDIS_HOST: "127.0.0.1",
    REDIS_PORT: String(redis),
    GAUGELET_RUNTIME_PORT: String(runtime),
    GAUGELET_MANAGEMENT_PORT: String(management),
    GAUGELET_PYTHON: python,
    GAUGELET_STATE_DIR: settings.state,
    GAUGELET_CONFIG: join(ROOT, "gaugelet.yaml"),
    PROMETHEUS_URL: `http://127.0.0.1:${settings.ports.prometheus}`,
  });
  expect((await exporterPart(settings).prepare()).environment).toMatchObject({
    REDIS_HOST: "127.0.0.1",
    REDIS_PORT: String(redis),
    GAUGELET_EXPORTER_PORT: String(exporter),
  });
  const own = await freshSettings({ GAUGELET_CONFIG: "/my/gaugelet.yaml" });
  expect((await runtimePart(own, python).prepare()).environment.GAUGELET_CONFIG).toBe("/my/gaugelet.yaml");
});

test("Grafana's password is made once, for the user's eyes only, and is in no variable", async () => {
  const settings = await freshSettings();
  const part = grafanaPart(settings, { kind: "installed", command: "/bin/grafana", args: ["server"] });
  const { environment } = await part.prepare();
  const file = adminPasswordFile(settings);
  const password = await readFile(file, "utf8");
  expect(password.trim()).toMatch(/^[\w-]{24}$/);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(JSON.stringify(environment)).not.toContain(password.trim());
  await part.prepare();
  expect(await readFile(file, "utf8")).toBe(password);
  await writeFile(file, "my own\n");
  await part.prepare();
  expect(await readFile(file, "utf8")).toBe("my own\n");
});
