import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { kubectl } from "@gaugelet/stack/kubernetes/kubectl";
import { waitFor } from "@gaugelet/testing/wait";
import { expect } from "vitest";
import type { KubernetesObject } from "./build.ts";
import { provideVolumes, removeVolumes } from "./volumes.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Where the tests deploy. */
export const NAMESPACE = "gaugelet";
/** How long things may take on a slow machine before they have failed. */
export const PATIENCE_SECONDS = 240;
const EVENTS_PER_SECOND = 200;

/** kubectl in the namespace of the tests. */
export const inside = (...args: string[]): Promise<string> => kubectl([`--namespace=${NAMESPACE}`, ...args]);

/** What redis-cli says in the pod of Redis. */
export const redis = async (...args: string[]): Promise<string> =>
  (await inside("exec", "redis-0", "--", "redis-cli", ...args)).trim();

/** What the function counter has seen: how many, the sum of their numbers, and the last. */
interface Output {
  readonly count: number;
  readonly sum: number;
  readonly newest: number;
}

/** undefined: nothing yet. */
export async function counted(): Promise<Output | undefined> {
  const text = await redis("get", "gaugelet:output:counter");
  return text === "" ? undefined : (JSON.parse(text) as Output);
}

/** The newest value of a Prometheus query in the cluster. */
export async function query(expression: string): Promise<number[]> {
  const url = `http://prometheus:9090/api/v1/query?query=${encodeURIComponent(expression)}`;
  const text = await inside("exec", "deployment/runtime", "--", "node", "-e", printPage(url));
  const { data } = JSON.parse(text) as { data: { result: { value: [number, string] }[] } };
  return data.result.map(({ value }) => Number(value[1]));
}

/** Numbered events, some at a time, until it is stopped. */
export class Load {
  sent: number;
  #isWanted = true;
  readonly #running: Promise<void>;

  /** @param sent how many were sent before. */
  constructor(sent = 0) {
    this.sent = sent;
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
export const exactly = (number: number): object => ({ count: number, sum: (number * (number + 1)) / 2 });

/** Wait until these events have been handled, and make sure that each was counted once. */
export async function expectExactly(number: number): Promise<void> {
  await waitFor("all events to be handled", async () => ((await counted())?.newest ?? 0) >= number, 60);
  expect(await counted()).toMatchObject(exactly(number));
}

/** What has to be there before these objects are applied: the namespace, the secret, volumes. */
export async function prepare(objects: readonly KubernetesObject[]): Promise<void> {
  await promisify(execFile)(process.execPath, [join(ROOT, "stack/src/kubernetes/secrets.ts"), NAMESPACE]);
  await provideVolumes(objects, NAMESPACE);
}

/** Take everything away again, and what these other namespaces have. */
export async function cleanUp(...others: string[]): Promise<void> {
  await kubectl(["delete", "namespace", NAMESPACE, ...others, "--ignore-not-found", "--wait=true"]);
  await removeVolumes();
}

/** Wait until all pods of a kind of workload are those that are wanted, and ready. */
export async function rolledOut(...workloads: string[]): Promise<void> {
  for (const workload of workloads) {
    await inside("rollout", "status", workload, `--timeout=${PATIENCE_SECONDS}s`);
  }
}

/** All of `dev`. */
export const WORKLOADS: readonly string[] = [
  "deployment/runtime",
  "deployment/exporter",
  "deployment/alertmanager",
  "deployment/grafana",
  "statefulset/redis",
  "statefulset/prometheus",
  "statefulset/postgresql",
  "daemonset/host-metrics",
];

/** Names of the pods of a part, as kubectl takes them. */
export async function podsOf(part: string): Promise<string[]> {
  const names = await inside("get", "pods", `--selector=app.kubernetes.io/name=${part}`, "--output=name");
  return names.trim().split("\n");
}

/** How long a pod took from the start of its container until it was ready; Kubernetes counts whole seconds. */
export async function secondsToReady(pod: string): Promise<number> {
  const { status } = JSON.parse(await inside("get", pod, "--output=json"));
  const ready = status.conditions.find(({ type }: { type: string }) => type === "Ready");
  const [{ state }] = status.containerStatuses;
  return (Date.parse(ready.lastTransitionTime) - Date.parse(state.running.startedAt)) / 1000;
}

/** Megabytes that the pods of each part have in use, as the kubelets measure. */
export async function memoryByPart(): Promise<Record<string, number>> {
  const nodes = (await kubectl(["get", "nodes", "--output=name"])).trim().split("\n");
  const used: Record<string, number> = {};
  for (const node of nodes) {
    const page = await kubectl([
      "get",
      "--raw",
      `/api/v1/${node.replace("node/", "nodes/")}/proxy/stats/summary`,
    ]);
    for (const { podRef, containers = [] } of JSON.parse(page).pods) {
      if (podRef.namespace !== NAMESPACE) continue;
      for (const { name, memory } of containers) {
        used[name] = Math.round((used[name] ?? 0) + memory.workingSetBytes / 1e6);
      }
    }
  }
  return used;
}

/** A JavaScript program that prints a page. */
export function printPage(url: string): string {
  return `fetch(${JSON.stringify(url)}).then((answer) => answer.text()).then(console.log)`;
}
