import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "@gaugelet/testing/ports";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startFunctions } from "./functions.ts";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();
const ECHO = "def handler(input, context):\n    return {'input': input, 'key': context.input_key}\n";

/** A real Prometheus that scrapes itself. */
let prometheus: ChildProcess;
let address: string;
let folder: string;

async function startPrometheus(): Promise<void> {
  const options = [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=${address.replace("http://", "")}`,
  ];
  prometheus = spawn("prometheus", options, { stdio: "ignore" });
  await once(prometheus, "spawn");
  await waitFor("Prometheus is ready", async () => (await fetch(`${address}/-/ready`)).ok);
}

async function stopPrometheus(): Promise<void> {
  if (prometheus.exitCode !== null || prometheus.signalCode !== null) return;
  const exit = once(prometheus, "exit");
  prometheus.kill("SIGKILL");
  await exit;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-prometheus-"));
  address = `http://127.0.0.1:${await freePort()}`;
  const own = address.replace("http://", "");
  await writeFile(
    join(folder, "prometheus.yml"),
    `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs: [{ job_name: itself, static_configs: [{ targets: ["${own}"] }] }]
`,
  );
  await startPrometheus();
}, 60_000);

afterAll(async () => {
  await stopPrometheus();
  await rm(folder, { recursive: true, force: true });
});

/** A function that gets what this query results in. */
const watch = (query: string, url = address) =>
  startFunctions(
    runtime,
    [{ name: "f", code: ECHO, triggers: [{ prometheus: { query, every: "200ms" } }] }],
    { PROMETHEUS_URL: url },
  );

/** The result that the function was given, once a check says so. */
async function result(check: (result: unknown) => boolean = () => true): Promise<Record<string, unknown>> {
  const isIt = ({ input }: Record<string, unknown>): boolean => check((input as { result: unknown }).result);
  const { input, key } = await runtime.output(isIt, "f");
  expect(key).toBeNull();
  return input as Record<string, unknown>;
}

test("a vector is a list of labels and values", async () => {
  const query = 'up{job="itself"}';
  await watch(query);
  const input = await result((found) => (found as unknown[]).length > 0);
  expect(input).toEqual({
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    query,
    type: "vector",
    result: [
      {
        labels: { __name__: "up", job: "itself", instance: address.replace("http://", "") },
        value: 1,
      },
    ],
  });
});

test("a matrix has several values of each, with their times", async () => {
  await watch('up{job="itself"}[30s]', `${address}/`);
  const { type, result: found } = await result((rows) => {
    const [first] = rows as { values: unknown[] }[];
    return first !== undefined && first.values.length >= 3;
  });
  expect(type).toBe("matrix");
  const [{ values } = { values: [] }] = found as { values: [number, number][] }[];
  for (const [time, value] of values) {
    expect(Math.abs(time - Date.now() / 1000)).toBeLessThan(60);
    expect(value).toBe(1);
  }
});

test.each([
  ["3.5", "scalar", 3.5],
  ["1/0", "scalar", null],
  ['"text"', "string", "text"],
  ["vector(0)/0", "vector", [{ labels: {}, value: null }]],
  ["nothing_of_that_name", "vector", []],
])("%s is a %s", async (query, type, expected) => {
  await watch(query);
  expect(await result()).toMatchObject({ query, type, result: expected });
});

test("what Prometheus refuses is told once, with its own words", async () => {
  const started = await watch("rate(up)");
  await started.logged(/cannot query Prometheus, trying on: Prometheus refuses the query: .*range vector/);
  // Some more queries.
  await sleep(1_000);
  expect(started.log.filter(({ msg }) => msg.startsWith("cannot query Prometheus"))).toHaveLength(1);
  expect(await runtime.redis.client.exists("f")).toBe(0);
});

test("while Prometheus is away that is told once, and it goes on by itself", async () => {
  const started = await watch("vector(1)");
  await result();
  await stopPrometheus();
  await started.logged(/cannot query Prometheus.*cannot be reached \(.*\); set PROMETHEUS_URL to where/);
  const before = (await result()).timestamp;
  await startPrometheus();
  await started.logged("Prometheus answers the query again");
  await waitFor("a newer result", async () => (await result()).timestamp !== before);
  const told = started.log.filter(({ level, msg }) => level === "error" && msg.includes("Prometheus"));
  // Its last answers may be others than its first refusals.
  expect(told.length).toBeLessThanOrEqual(3);
});

test("a server that is no Prometheus is told from one", async () => {
  const server = createServer((_, response) => response.end("<html>hello</html>"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const started = await watch("up", `http://127.0.0.1:${port}`);
  await started.logged(/it answers 200 with what is no JSON; is that Prometheus\?/);
  server.close();
});

test("an address that is none is refused at the start", async () => {
  await expect(watch("up", "prometheus:9090")).rejects.toThrow(
    "environment: PROMETHEUS_URL: expected the address of Prometheus, such as http://127.0.0.1:9090",
  );
});
