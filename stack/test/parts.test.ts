import { mkdir, readdir, readFile, readlink, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { grafanaProxySecret } from "@gaugelet/shared/grafana-secret";
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

const INSTALLED = { kind: "installed", command: "/bin/grafana", args: ["server"] } as const;

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
  const targets = {
    runtime: `http://127.0.0.1:${management}/metrics`,
    exporter: `http://127.0.0.1:${exporter}/metrics`,
    prometheus: `http://127.0.0.1:${prometheus}/metrics`,
    alertmanager: `http://127.0.0.1:${alertmanager}/metrics`,
  };
  // Prometheus tells of one job after the other, each once it has begun to scrape it.
  const urls = await waitFor("Prometheus knows its targets", async () => {
    const { data } = JSON.parse(await ask("targets")) as {
      data: { activeTargets: { scrapePool: string; scrapeUrl: string }[] };
    };
    const found = data.activeTargets.map(({ scrapePool, scrapeUrl }) => [scrapePool, scrapeUrl]);
    return found.length >= Object.keys(targets).length ? (Object.fromEntries(found) as unknown) : undefined;
  });
  expect(urls).toEqual(targets);
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
  const part = grafanaPart(settings, INSTALLED, undefined);
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

test("the runtime and Grafana's app have secrets of each other, made once, which are in no variable", async () => {
  const settings = await freshSettings();
  const [runtime, grafana] = await Promise.all([
    runtimePart(settings, "/bin/python").prepare(),
    grafanaPart(settings, INSTALLED, "/app").prepare(),
  ]);
  const file = runtime.environment.GAUGELET_GRAFANA_SECRET_FILE ?? "";
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const secret = await readFile(file, "utf8");
  for (const role of ["viewer", "editor", "admin"] as const) {
    const value = grafana.environment[`GAUGELET_${role.toUpperCase()}_SECRET`];
    const shown = await readFile(/^\$__file\{(.*)\}$/.exec(value ?? "")?.[1] ?? "", "utf8");
    expect(shown).toBe(grafanaProxySecret(secret, role));
    expect(JSON.stringify([runtime, grafana])).not.toContain(shown);
  }
  expect(JSON.stringify([runtime, grafana])).not.toContain(secret);
  expect(grafana.environment).toMatchObject({
    GAUGELET_API_URL: `http://127.0.0.1:${settings.ports.runtime}`,
    GF_DATAPROXY_SEND_USER_HEADER: "true",
    GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS: "gaugelet-functions-app",
  });
  await runtimePart(settings, "/bin/python").prepare();
  expect(await readFile(file, "utf8")).toBe(secret);
});

test("a secret of the user's own is what both go by", async () => {
  const own = "a secret of my own";
  const settings = await freshSettings({ GAUGELET_GRAFANA_SECRET: own });
  const { environment } = await runtimePart(settings, "/bin/python").prepare();
  expect(environment).toMatchObject({ GAUGELET_GRAFANA_SECRET: own });
  expect(environment).not.toHaveProperty("GAUGELET_GRAFANA_SECRET_FILE");
  await grafanaPart(settings, INSTALLED, "/app").prepare();
  const folder = join(settings.state, "grafana-secrets");
  expect(await readFile(join(folder, "editor"), "utf8")).toBe(grafanaProxySecret(own, "editor"));
  expect(await readdir(folder)).not.toContain("secret");
});

test("Grafana finds the app that was built, and starts without one where there is none", async () => {
  const settings = await freshSettings();
  const link = join(settings.state, "grafana/plugins/gaugelet-functions-app");
  const { environment } = await grafanaPart(settings, INSTALLED, "/one").prepare();
  expect(await readlink(link)).toBe("/one");
  expect(environment.GF_PATHS_PROVISIONING).toBe(join(ROOT, "grafana/provisioning"));
  await grafanaPart(settings, INSTALLED, "/other").prepare();
  expect(await readlink(link)).toBe("/other");

  const without = await grafanaPart(settings, INSTALLED, undefined).prepare();
  await expect(readlink(link)).rejects.toThrow("ENOENT");
  // Grafana ends at once where it is told of an app that is not there.
  const provisioning = without.environment.GF_PATHS_PROVISIONING ?? "";
  expect((await readdir(provisioning)).toSorted()).toEqual(["dashboards", "datasources"]);
  expect(await readFile(join(provisioning, "dashboards/gaugelet.yaml"), "utf8")).toContain("gaugelet");
});

test("Grafana in a container sees the app, and the secrets that are its own", async () => {
  const settings = await freshSettings();
  const engine = { kind: "container", engine: "/bin/podman", isRootless: true } as const;
  const { args } = await grafanaPart(settings, engine, "/app").prepare();
  const mounted = args.flatMap((arg) => /^--mount=.*,target=([^,]+),readonly$/.exec(arg)?.[1] ?? []);
  expect(mounted).toContain("/app");
  expect(mounted).toContain(join(settings.state, "grafana-secrets", "admin"));
  expect(mounted).not.toContain(join(settings.state, "grafana-secrets", "secret"));
  expect(mounted).not.toContain(join(settings.state, "grafana-secrets"));
});
