import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { startRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, onTestFinished, test } from "vitest";
import { type NpmStart, startByNpm } from "./npm-start.ts";
import { freshVariables, isAlive } from "./support.ts";

/** Run `npm start` on free ports with fresh data, until the test ends. */
async function npmStart(more: Readonly<Record<string, string>> = {}): Promise<NpmStart> {
  const stack = startByNpm({ ...(await freshVariables()), ...more });
  onTestFinished(stack.kill);
  return stack;
}

/** All processes that a process started, directly or not. */
function descendants(ancestor: number): number[] {
  const table = execFileSync("ps", ["-eo", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const found = [ancestor];
  for (const pid of found)
    found.push(...table.filter(([, parent]) => parent === pid).map(([child]) => child));
  return found.slice(1);
}

/** The part whose command line holds this text. */
function findPart({ npm }: NpmStart, text: string): number {
  const found = descendants(npm.pid as number).find((pid) =>
    execFileSync("ps", ["-o", "args=", "-p", String(pid)], { encoding: "utf8" }).includes(text),
  );
  if (found === undefined) throw new Error(`no process of the stack has ${text} in its command line`);
  return found;
}

/** Ask for an end, and see that nothing stays: SIGTERM goes to npm, SIGINT as by Ctrl-C to all of its group. */
async function end({ npm, output, exit }: NpmStart, signal: "SIGTERM" | "SIGINT"): Promise<void> {
  const pids = descendants(npm.pid as number);
  expect(pids.length).toBeGreaterThan(4);
  process.kill(signal === "SIGINT" ? -(npm.pid as number) : (npm.pid as number), signal);
  const [code, endedBy] = await exit;
  expect([code, endedBy]).toEqual([0, null]);
  expect(output()).toMatch(/^ok {6}stop what was started \([\d.]+ s\)\n$/m);
  expect(output()).not.toContain("was killed");
  await waitFor("nothing is left", () => !pids.some(isAlive));
}

async function query({ variables }: NpmStart, expression: string): Promise<number[]> {
  const url = `http://127.0.0.1:${variables.GAUGELET_PROMETHEUS_PORT}/api/v1/query?query=${encodeURIComponent(expression)}`;
  const answer = (await (await fetch(url)).json()) as { data: { result: { value: [number, string] }[] } };
  return answer.data.result.map(({ value }) => Number(value[1]));
}

test("npm start gives real values in Prometheus, mends a part that dies, and leaves nothing behind", async () => {
  const stack = await npmStart();
  await stack.untilReady();
  const api = await fetch(`http://127.0.0.1:${stack.variables.GAUGELET_RUNTIME_PORT}/api/v1/openapi.json`);
  expect(api.status).toBe(200);
  for (const port of ["RUNTIME", "MANAGEMENT", "EXPORTER", "PROMETHEUS", "ALERTMANAGER"]) {
    expect(stack.output()).toContain(`http://127.0.0.1:${stack.variables[`GAUGELET_${port}_PORT`]}`);
  }
  expect(stack.output()).toContain("Grafana will not run: GRAFANA_HOME is /no/such/folder, but");

  const cpus = await waitFor("moving averages", async () => {
    const values = await query(stack, "gaugelet_cpu_utilization_moving_average_ratio");
    return values.length > 0 && values.every((value) => value > 0) ? values : undefined;
  });
  expect(Math.max(...cpus)).toBeLessThanOrEqual(1);
  for (const metric of ["gaugelet_network_egress_ratio", "gaugelet_memory_cache_ratio"]) {
    const [value] = await waitFor(metric, async () => {
      const values = await query(stack, metric);
      return values.length === 1 ? values : undefined;
    });
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThanOrEqual(1);
  }
  await waitFor("all targets answer", async () => (await query(stack, "up")).join() === "1,1,1,1");

  const again = await npmStart(stack.variables);
  expect((await again.exit)[0]).toBe(1);
  const supervisor = findPart(stack, "node stack/src/main.ts");
  expect(again.output()).toContain(`(process ${supervisor}); end it with kill ${supervisor}`);

  process.kill(findPart(stack, "exporter/src/main.ts"), "SIGKILL");
  await waitFor("the exporter is back", () => stack.output().includes("exporter answers again"));
  expect(stack.output()).toMatch(/exporter ended \(SIGKILL\) after .*; starting it again/);
  await end(stack, "SIGTERM");
});

test("a Redis that is there is used and left running; a port that is in use is an error", async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const stack = await npmStart({ GAUGELET_REDIS_PORT: String(redis.port) });
  await stack.untilReady();
  expect(stack.output()).toContain(
    `redis answers already on port ${redis.port}; it is used, and left running`,
  );
  await waitFor("the host's measurements are in it", () => redis.client.exists("metrics"));
  await end(stack, "SIGINT");
  expect(await redis.client.ping()).toBe("PONG");

  const squatter = createServer().listen(Number(stack.variables.GAUGELET_GRAFANA_PORT), "127.0.0.1");
  await once(squatter, "listening");
  onTestFinished(() => void squatter.close());
  const refused = await npmStart(stack.variables);
  expect((await refused.exit)[0]).toBe(1);
  expect(refused.output()).toContain(
    `gaugelet: port ${stack.variables.GAUGELET_GRAFANA_PORT} (Grafana) is in use by node (process ${process.pid}); end that program, or choose another port with GAUGELET_GRAFANA_PORT`,
  );
  expect(refused.output()).not.toContain("start ");
});

// Needs a Grafana: its folder in GRAFANA_HOME.
test.skipIf(process.env.GRAFANA_HOME === undefined)("Grafana shows the dashboard to everyone", async () => {
  const stack = await npmStart({ GRAFANA_HOME: process.env.GRAFANA_HOME ?? "" });
  await stack.untilReady();
  const url = `http://127.0.0.1:${stack.variables.GAUGELET_GRAFANA_PORT}`;
  expect(stack.output()).toContain(url);
  const home = (await (await fetch(`${url}/api/dashboards/home`)).json()) as { dashboard: { uid: string } };
  expect(home.dashboard.uid).toBe("gaugelet-overview");
  const found = (await (await fetch(`${url}/api/search?type=dash-db`)).json()) as { uid: string }[];
  expect(found.map(({ uid }) => uid)).toContain("gaugelet-host");

  const file = join(stack.variables.GAUGELET_STATE_DIR as string, "grafana-admin-password");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const password = (await readFile(file, "utf8")).trim();
  expect(stack.output()).toContain(file);
  expect(stack.output()).not.toContain(password);
  const login = { authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}` };
  const sources = await fetch(`${url}/api/datasources`, { headers: login });
  expect(await sources.text()).toContain(`http://127.0.0.1:${stack.variables.GAUGELET_PROMETHEUS_PORT}`);
  await end(stack, "SIGTERM");
});
