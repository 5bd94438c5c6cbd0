import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { kubectl } from "@gaugelet/stack/kubernetes/kubectl";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build } from "./build.ts";
import { provideVolumes, removeVolumes } from "./volumes.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const NAMESPACE = "gaugelet";
const PATIENCE_SECONDS = 240;
const READY_SECONDS = 60;
const EVENTS_PER_SECOND = 200;

/** In the namespace of the test. */
const inside = (...args: string[]): Promise<string> => kubectl([`--namespace=${NAMESPACE}`, ...args]);

/** What redis-cli says in the pod of Redis. */
const redis = async (...args: string[]): Promise<string> =>
  (await inside("exec", "redis-0", "--", "redis-cli", ...args)).trim();

interface Output {
  readonly count: number;
  readonly sum: number;
  readonly newest: number;
}

async function counted(): Promise<Output | undefined> {
  const text = await redis("get", "gaugelet:output:counter");
  return text === "" ? undefined : (JSON.parse(text) as Output);
}

/** The newest value of a Prometheus query in the cluster. */
async function query(expression: string): Promise<number[]> {
  const url = `http://prometheus:9090/api/v1/query?query=${encodeURIComponent(expression)}`;
  const text = await inside("exec", "deployment/runtime", "--", "node", "-e", printPage(url));
  const { data } = JSON.parse(text) as { data: { result: { value: [number, string] }[] } };
  return data.result.map(({ value }) => Number(value[1]));
}

/** Numbered events, some at a time, until it is stopped. */
class Load {
  sent = 0;
  #isWanted = true;
  readonly #running: Promise<void>;

  constructor() {
    this.#running = this.#run();
  }

  /** @returns how many were sent. */
  async stop(): Promise<number> {
    this.#isWanted = false;
    await this.#running;
    return this.sent;
  }

  async #run(): Promise<void> {
    const script = `for number = ARGV[1], ARGV[2] do redis.call('XADD', KEYS[1], '*', 'event', '{"number":' .. string.format('%d', number) .. '}') end`;
    while (this.#isWanted) {
      const [first, last] = [this.sent + 1, this.sent + EVENTS_PER_SECOND];
      await redis("eval", script, "1", "gaugelet:topic:numbers", String(first), String(last));
      this.sent = last;
    }
  }
}

/** What `number` events, each once, come to. */
const exactly = (number: number): object => ({ count: number, sum: (number * (number + 1)) / 2 });

async function expectExactly(number: number): Promise<void> {
  await waitFor("all events to be handled", async () => ((await counted())?.newest ?? 0) >= number, 60);
  expect(await counted()).toMatchObject(exactly(number));
}

describe("on the cluster that kubectl points at", () => {
  let sent = 0;

  beforeAll(async () => {
    const { objects } = await build("test/cluster");
    await promisify(execFile)(process.execPath, [join(ROOT, "stack/src/kubernetes/secrets.ts"), NAMESPACE]);
    await provideVolumes(objects, NAMESPACE);
  }, PATIENCE_SECONDS * 1000);

  afterAll(async () => {
    await kubectl(["delete", "namespace", NAMESPACE, "student", "--ignore-not-found", "--wait=true"]);
    await removeVolumes();
  }, PATIENCE_SECONDS * 1000);

  test("dev is ready soon after it is applied", async () => {
    const started = performance.now();
    await kubectl(["apply", "--kustomize", join(ROOT, "kustomize/test/cluster")]);
    const parts = [
      "deployment/runtime",
      "deployment/exporter",
      "deployment/alertmanager",
      "deployment/grafana",
    ];
    const sets = [
      "statefulset/redis",
      "statefulset/prometheus",
      "statefulset/postgresql",
      "daemonset/host-metrics",
    ];
    for (const part of [...parts, ...sets]) {
      await inside("rollout", "status", part, `--timeout=${PATIENCE_SECONDS}s`);
    }
    const seconds = (performance.now() - started) / 1000;
    console.log(`all pods ready after ${seconds.toFixed(1)} s (asked: ${READY_SECONDS} s)`);
  });

  test("the node's three gauges are in Prometheus", async () => {
    for (const metric of [
      "gaugelet_cpu_utilization_moving_average_ratio",
      "gaugelet_network_egress_ratio",
      "gaugelet_memory_cache_ratio",
    ]) {
      const values = await waitFor(
        metric,
        async () => {
          const found = await query(metric);
          return found.length > 0 && found;
        },
        90,
      );
      for (const value of values) expect(value).toBeGreaterThanOrEqual(0);
    }
  });

  test("each event is counted once, past runtimes that are killed and a rolling update", async () => {
    const load = new Load();
    await waitFor("events", async () => ((await counted())?.count ?? 0) > 500, 60);
    const pods = await inside("get", "pods", "--selector=app.kubernetes.io/name=runtime", "--output=name");
    await inside("delete", ...pods.trim().split("\n"), "--grace-period=0", "--force");
    const before = (await counted())?.count ?? 0;
    await waitFor("events after the kill", async () => ((await counted())?.count ?? 0) > before + 500, 60);
    await inside("rollout", "restart", "deployment/runtime");
    await inside("rollout", "status", "deployment/runtime", "--timeout=120s");
    sent = await load.stop();
    await expectExactly(sent);
    console.log(`${sent} events sent, ${(await counted())?.count} counted: 0 lost, 0 doubled`);
  });

  test("a standby takes over within 5 s when the owner is killed, and nothing is lost", async () => {
    await inside("scale", "deployment/runtime", "--replicas=2");
    await inside("rollout", "status", "deployment/runtime", "--timeout=120s");
    const owner = await waitFor("an owner", async () => {
      const pods = (
        await inside("get", "pods", "--selector=app.kubernetes.io/name=runtime", "--output=name")
      ).trim();
      for (const pod of pods.split("\n")) {
        const state = await inside(
          "exec",
          pod,
          "--",
          "node",
          "-e",
          printPage("http://localhost:8421/readyz"),
        );
        if (/function counter: \w+$/m.test(state)) return pod;
      }
      return undefined;
    });
    await inside("delete", owner, "--grace-period=0", "--force");
    const killed = performance.now();
    const next = sent + 1;
    await redis("xadd", "gaugelet:topic:numbers", "*", "event", JSON.stringify({ number: next }));
    await waitFor("the event to be handled by the other", async () => (await counted())?.newest === next, 30);
    const seconds = (performance.now() - killed) / 1000;
    console.log(`taken over, and the event handled, after ${seconds.toFixed(1)} s (asked: 5 s)`);
    sent = next;
    expect(await counted()).toMatchObject(exactly(sent));
  });

  test("a course's files run unchanged, and another handler rolls out", async () => {
    const course = await build("overlays/course");
    await kubectl(["apply", "--filename=-"], course.text);
    await kubectl([
      "--namespace=student",
      "rollout",
      "status",
      "deployment/serverless-redis",
      "--timeout=120s",
    ]);
    const samples = (await readFile(join(ROOT, "functions/testdata/measurements.jsonl"), "utf8"))
      .trim()
      .split("\n");
    await redis("set", "metrics", samples[0] ?? "");
    await waitFor("the output", async () => (await redis("get", "student-proj3-output")) !== "", 60);
    const changed = course.text.replace(
      /pyfile: \|[\s\S]*?(?=\nkind: ConfigMap)/,
      'pyfile: |\n    def handler(input, context):\n        return {"changed": True}\n',
    );
    expect(changed).not.toBe(course.text);
    await kubectl(["apply", "--filename=-"], changed);
    await kubectl(["--namespace=student", "rollout", "restart", "deployment/serverless-redis"]);
    await kubectl([
      "--namespace=student",
      "rollout",
      "status",
      "deployment/serverless-redis",
      "--timeout=120s",
    ]);
    await redis("set", "metrics", samples[1] ?? "");
    await waitFor(
      "the new output",
      async () => (await redis("get", "student-proj3-output")) === '{"changed":true}',
      60,
    );
  });
});

/** A program that prints a page. */
function printPage(url: string): string {
  return `fetch(${JSON.stringify(url)}).then((answer) => answer.text()).then(console.log)`;
}
