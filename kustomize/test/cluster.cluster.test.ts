import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { kubectl } from "@gaugelet/stack/kubernetes/kubectl";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build, buildWith, COMPONENTS } from "./build.ts";
import {
  cleanUp,
  counted,
  exactly,
  expectExactly,
  inside,
  Load,
  memoryByPart,
  PATIENCE_SECONDS,
  podsOf,
  prepare,
  printPage,
  query,
  redis,
  rolledOut,
  secondsToReady,
  WORKLOADS,
} from "./on-cluster.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const READY_SECONDS = 60;
const MEMORY_MEGABYTES = 700;

/** Others have kinds of KEDA or of Prometheus' operator, or say what one of these says in another way. */
const isOfKubernetes = (component: string): boolean =>
  !["autoscaling-by-lag", "prometheus-operator", "external-redis"].includes(component);

async function tellWhenReady(meanwhile: string): Promise<void> {
  for (const pod of await podsOf("runtime")) {
    const seconds = await secondsToReady(pod);
    console.log(`${pod} ready ${seconds} s after its container began, ${meanwhile} (asked: 5 s)`);
  }
}

describe("on the cluster that kubectl points at", () => {
  let sent = 0;

  beforeAll(async () => {
    await prepare((await build("test/cluster")).objects);
  }, PATIENCE_SECONDS * 1000);

  afterAll(async () => {
    await cleanUp("student");
  }, PATIENCE_SECONDS * 1000);

  test("the API server takes production, and all components that no operator has to be there for", async () => {
    for (const { text } of [
      await build("overlays/prod"),
      await buildWith(COMPONENTS.filter(isOfKubernetes)),
    ]) {
      await kubectl(["apply", "--dry-run=server", "--filename=-"], text);
    }
  });

  test("dev is ready soon after it is applied", async () => {
    const started = performance.now();
    await kubectl(["apply", "--kustomize", join(ROOT, "kustomize/test/cluster")]);
    await rolledOut(...WORKLOADS);
    const seconds = (performance.now() - started) / 1000;
    console.log(`all pods ready after ${seconds.toFixed(1)} s (asked: ${READY_SECONDS} s)`);
    await tellWhenReady("while all others start");
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

  test("what an idle stack takes is known", async () => {
    const used = await memoryByPart();
    const others = Object.entries(used).filter(([part]) => part !== "grafana" && part !== "prometheus");
    const sum = others.reduce((total, [, megabytes]) => total + megabytes, 0);
    console.log(
      `memory in MB: ${JSON.stringify(used)}; without Grafana and Prometheus ${sum} (asked: ${MEMORY_MEGABYTES})`,
    );
    expect(others.length).toBeGreaterThan(4);
  });

  test("a runtime that is replaced is ready again", async () => {
    await inside("delete", "pod", "--selector=app.kubernetes.io/name=runtime");
    await rolledOut("deployment/runtime");
    await tellWhenReady("while nothing else starts");
  });

  test("each event is counted once, past runtimes that are killed and a rolling update", async () => {
    const load = new Load();
    await waitFor("events", async () => ((await counted())?.count ?? 0) > 500, 60);
    await inside("delete", ...(await podsOf("runtime")), "--grace-period=0", "--force");
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
      for (const pod of await podsOf("runtime")) {
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
    // Without a word to anybody: tini is the first process, the runtime its child.
    await inside("exec", owner, "--", "sh", "-c", "kill -9 $(cat /proc/1/task/1/children)");
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
