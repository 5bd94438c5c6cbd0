import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readYaml } from "@gaugelet/shared/configuration";
import { freePort } from "@gaugelet/testing/ports";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { dump } from "js-yaml";
import type { Part } from "../../../stack/src/part.ts";
import { alertmanagerPart } from "../../../stack/src/parts/alertmanager.ts";
import { answersOk } from "../../../stack/src/parts/answers.ts";
import { exporterPart } from "../../../stack/src/parts/exporter.ts";
import { localize, prometheusPart } from "../../../stack/src/parts/prometheus.ts";
import { runtimePart } from "../../../stack/src/parts/runtime.ts";
import { PORTS, readSettings } from "../../../stack/src/settings.ts";
import { setupPython } from "../../../stack/src/setup/python.ts";
import { ruleFiles } from "../../src/groups.ts";
import { renderGroup } from "../../src/render.ts";

const shipped = join(import.meta.dirname, "../..");

/** What a test may do to the server that Prometheus scrapes as `other`, and Alertmanager notifies. */
export interface Other {
  /** Served to Prometheus; undefined: nothing answers. */
  metrics: string | undefined;
  /** Whether notifications are taken. */
  takesNotifications: boolean;
}

/** A whole stack with our rules, whose times are cut to seconds. */
export interface LiveStack {
  readonly redis: TestRedis;
  readonly other: Other;
  /** Folder of the functions' code. */
  readonly folder: string;
  /** Stop a part as a crash would; start it again. */
  kill(part: "runtime" | "exporter"): Promise<void>;
  start(part: "runtime" | "exporter"): Promise<void>;
  call(name: string, input: object): Promise<void>;
  /** Give an owner a budget, or take it. @returns whether that was done. */
  budget(owner: string, budget: object | undefined): Promise<boolean>;
  /** Break or mend Prometheus' configuration, and have it read again. */
  configure(isRight: boolean): Promise<void>;
  /** What Prometheus answers to a query of its API. */
  ask<Answer>(path: string, parameters: Readonly<Record<string, string>>): Promise<Answer>;
  /** Alerts that Alertmanager has now. */
  alerts(): Promise<LiveAlert[]>;
  stop(): Promise<void>;
}

export interface LiveAlert {
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly status: { readonly inhibitedBy: readonly string[] };
}

/** Start it, with these functions; `codeOf` gives the `handler.py` of those with a source. */
export async function startLiveStack(
  functions: readonly object[],
  codeOf: (source: string) => string,
): Promise<LiveStack> {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-live-"));
  const redis = await startRedis();
  const other: Other = { metrics: "", takesNotifications: true };
  const server = await serve(other);
  const { port: otherPort } = server.address() as { port: number };

  const variables: Record<string, string> = { GAUGELET_STATE_DIR: join(folder, "state") };
  for (const { variable } of Object.values(PORTS)) variables[variable] = String(await freePort());
  variables.GAUGELET_REDIS_PORT = String(redis.port);
  variables.GAUGELET_CONFIG = join(folder, "gaugelet.yaml");
  const settings = readSettings({ PATH: process.env.PATH, HOME: process.env.HOME, ...variables });
  await writeFile(variables.GAUGELET_CONFIG, dump({ functions }));
  for (const { source } of functions as { source?: string }[]) {
    if (source === undefined) continue;
    await mkdir(join(folder, source), { recursive: true });
    await writeFile(join(folder, source, "handler.py"), codeOf(source));
  }

  const rules = join(folder, "rules.yml");
  await writeFile(rules, shortRules());
  const prometheusFile = join(settings.state, "prometheus", "prometheus.yml");
  const configurePrometheus = async (): Promise<void> => {
    const configuration = localize(await readYaml(join(shipped, "prometheus.yml")), settings.ports);
    const { global, scrape_configs, ...rest } = configuration as Record<string, unknown>;
    const faster = {
      ...rest,
      global: {
        ...(global as object),
        scrape_interval: "1s",
        scrape_timeout: "1s",
        evaluation_interval: "1s",
      },
      rule_files: [rules],
      scrape_configs: [
        ...(scrape_configs as object[]),
        { job_name: "other", static_configs: [{ targets: [`127.0.0.1:${otherPort}`] }] },
      ],
    };
    await writeFile(prometheusFile, dump(faster));
  };
  const parts: Record<string, Part> = {
    runtime: runtimePart(settings, await setupPython()),
    exporter: exporterPart(settings),
    prometheus: prometheusPart(settings),
    alertmanager: alertmanagerPart(settings),
  };
  const running = new Map<string, ChildProcess>();
  const start = async (name: string): Promise<void> => {
    const part = parts[name] as Part;
    const { command, args, environment } = await part.prepare();
    if (name === "prometheus") await configurePrometheus();
    if (name === "alertmanager")
      await hurry(join(settings.state, "alertmanager", "alertmanager.yml"), otherPort);
    // Alertmanager is away for a moment whenever Prometheus reads its configuration: tell it again soon.
    const more = name === "prometheus" ? ["--rules.alert.resend-delay=1s"] : [];
    const child = spawn(command, [...args, ...more], { env: environment, stdio: "ignore" });
    await once(child, "spawn");
    running.set(name, child);
    // A function that cannot be loaded, which a test wants, keeps the runtime from being ready.
    const isThere = (): Promise<boolean> =>
      name === "runtime" ? answersOk(settings.ports.management, "/healthz") : part.isReady();
    await waitFor(`${name} answers`, isThere, 60);
  };
  const kill = async (name: string): Promise<void> => {
    const child = running.get(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGTERM");
    await exit;
  };
  const { prometheus, alertmanager, runtime } = settings.ports;
  const get = async (url: string): Promise<unknown> => await (await fetch(url)).json();
  await Promise.all(Object.keys(parts).map(start));

  return {
    redis,
    other,
    folder,
    kill,
    start,
    async call(name, input) {
      const init = {
        method: "POST",
        body: JSON.stringify(input),
        headers: { "content-type": "application/json" },
      };
      const response = await fetch(`http://127.0.0.1:${runtime}/functions/${name}`, init).catch(
        () => undefined,
      );
      await response?.text().catch(() => {});
    },
    async budget(owner, budget) {
      const token = await readFile(join(settings.state, "admin-token"), "utf8").catch(() => "");
      const response = await fetch(`http://127.0.0.1:${runtime}/api/v1/budgets/${owner}`, {
        method: budget === undefined ? "DELETE" : "PUT",
        headers: { authorization: `Bearer ${token.trim()}`, "content-type": "application/json" },
        ...(budget === undefined ? {} : { body: JSON.stringify(budget) }),
      }).catch(() => undefined);
      await response?.text().catch(() => {});
      return response?.ok ?? false;
    },
    async configure(isRight) {
      if (isRight) await configurePrometheus();
      else await writeFile(prometheusFile, "global: wrong\n");
      running.get("prometheus")?.kill("SIGHUP");
    },
    async ask(path, parameters) {
      const query = new URLSearchParams(parameters).toString();
      const answer = (await get(`http://127.0.0.1:${prometheus}/api/v1/${path}?${query}`)) as {
        data?: never;
        error?: string;
      };
      if (answer.error !== undefined) throw new Error(`${JSON.stringify(parameters)}: ${answer.error}`);
      return answer.data as never;
    },
    alerts: async () =>
      (await get(`http://127.0.0.1:${alertmanager}/api/v2/alerts?active=true&inhibited=true`)) as LiveAlert[],
    async stop() {
      for (const name of [...running.keys()].reverse()) await kill(name);
      server.closeAllConnections();
      server.close();
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The rules that we ship, with seconds in place of minutes; and one that fails when a test wants it. */
function shortRules(): string {
  const groups = Object.values(ruleFiles).flat().map(renderGroup);
  const short = groups.map(({ name, rules }) => ({
    name,
    rules: rules.map((rule) => ({
      ...rule,
      expr: String(rule.expr).replaceAll(/\[\d+[mh]\]/g, "[8s]"),
      ...("for" in rule ? { for: "1s", keep_firing_for: "1s" } : {}),
    })),
  }));
  const fails = { record: "test:trouble:copy", expr: "trouble * on () trouble" };
  return dump({ groups: [...short, { name: "test", rules: [fails] }] }, { lineWidth: -1 });
}

/** Notifications within a second, to the test's own server. */
async function hurry(file: string, port: number): Promise<void> {
  const text = (await readFile(file, "utf8"))
    .replaceAll(/(group_wait|group_interval|repeat_interval): \S+/g, "$1: 1s")
    .replaceAll(/http:\/\/\S+\/functions\/alert-log/g, `http://127.0.0.1:${port}/notify`);
  await writeFile(file, `global: { resolve_timeout: 5s }\n${text}`);
}

async function serve(other: Other): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === "/notify") response.statusCode = other.takesNotifications ? 200 : 400;
    else if (other.metrics === undefined) response.statusCode = 500;
    response.end(request.url === "/notify" ? "" : other.metrics);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return server;
}
