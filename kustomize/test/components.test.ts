import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { buildWith, COMPONENTS, type KubernetesObject } from "./build.ts";
import { violations } from "./policies.ts";
import { expectValid, expectWhole } from "./validity.ts";

const FOLDER = fileURLToPath(new URL("../components/", import.meta.url));
/** Two of a kind that say the same thing in two ways. */
const CONTRADICTORY = [
  ["autoscaling", "autoscaling-by-lag"],
  ["external-redis", "high-availability"],
];

/** What objects come to by the rules of this project. Which image it is is said by overlays. */
function expectGood(objects: readonly KubernetesObject[]): void {
  expectWhole(objects);
  expect(
    violations(objects).filter((problem) => !problem.endsWith("neither a version nor a digest")),
  ).toEqual([]);
}

test.each(COMPONENTS)("component %s says what it is for, and builds by itself", async (component) => {
  expect(existsSync(`${FOLDER}${component}/README.md`)).toBe(true);
  const { objects } = await buildWith([component]);
  expectGood(objects);
});

test("components are free to combine", async () => {
  const pairs = COMPONENTS.flatMap((one, index) => COMPONENTS.slice(index + 1).map((other) => [one, other]));
  const sensible = pairs.filter(
    (pair) => !CONTRADICTORY.some((both) => both.every((name) => pair.includes(name))),
  );
  const failures: string[] = [];
  // Most pairs have most objects in common: each is checked once.
  const found = new Map<string, KubernetesObject>();
  const take = async (): Promise<void> => {
    for (let pair = sensible.pop(); pair !== undefined; pair = sensible.pop()) {
      try {
        const { objects } = await buildWith(pair);
        expectGood(objects);
        for (const object of objects) found.set(JSON.stringify(object), object);
      } catch (error) {
        failures.push(`${pair.join(" and ")}: ${(error as Error).message}`);
      }
    }
  };
  await Promise.all([take(), take(), take()]);
  expect(failures).toEqual([]);
  await expectValid([...found.values()]);
});

test("all components that do not contradict each other build together, and are valid", async () => {
  const without = new Set(CONTRADICTORY.map(([one]) => one));
  const { objects } = await buildWith(COMPONENTS.filter((component) => !without.has(component)));
  await expectValid(objects);
  expectGood(objects);
});

test("where sandboxes are demanded, every runtime that has people's functions can make them", async () => {
  const { objects } = await buildWith(["postgresql", "microvm", "premium", "sandbox"]);
  const names = objects
    .filter(({ kind, metadata }) => kind === "Deployment" && metadata.name.startsWith("runtime"))
    .filter(({ spec }) => {
      const { hostUsers, containers, runtimeClassName } = spec.template.spec;
      const [{ securityContext }] = containers;
      const isOfItsOwn = hostUsers === false && securityContext.procMount === "Unmasked";
      return isOfItsOwn || runtimeClassName?.startsWith("kata");
    })
    .map(({ metadata }) => metadata.name);
  expect(names).toEqual(["runtime", "runtime-microvm", "runtime-premium"]);
});

test("the seccomp profile of sandboxes lets through what making one takes", async () => {
  const { syscalls } = JSON.parse(await readFile(join(FOLDER, "sandbox/sandbox.json"), "utf8"));
  const refused = new Set(syscalls.flatMap(({ names }: { names: string[] }) => names));
  const worker = join(FOLDER, "../../runtime/python/gaugelet_worker/isolation");
  const code = await Promise.all(
    ["linux.py", "mounts.py"].map((name) => readFile(join(worker, name), "utf8")),
  );
  const calls = [...code.join("\n").matchAll(/syscall\(f?"(\w+)|libc\.(\w+)\(/g)].map(
    ([, one, other]) => one ?? other,
  );
  expect(calls).toEqual(expect.arrayContaining(["unshare", "open_tree", "move_mount", "pivot_root"]));
  expect(calls.filter((call) => refused.has(call))).toEqual([]);
});

test("the catalog's functions run in the virtual machine alone, and are called there", async () => {
  const { objects } = await buildWith(["ingress-tls", "network-policies", "postgresql", "microvm"]);
  const ofKind = (kind: string, name: string): KubernetesObject | undefined =>
    objects.find(({ kind: other, metadata }) => other === kind && metadata.name.startsWith(name));
  expect(ofKind("ConfigMap", "runtime-functions")?.data["gaugelet.yaml"]).toContain("catalog: false");
  expect(ofKind("ConfigMap", "runtime-microvm-functions")?.data["gaugelet.yaml"]).not.toContain("serves");
  expect(ofKind("ConfigMap", "grafana-environment")?.data.GAUGELET_API_URL).toBe(
    "http://runtime-microvm:8420",
  );
  expect(JSON.stringify(ofKind("Ingress", "gaugelet"))).toContain('"name":"runtime-microvm"');
  expect(JSON.stringify(ofKind("NetworkPolicy", "grafana"))).toContain("runtime-microvm");
});

test("Prometheus has all rules that there are", async () => {
  const { objects } = await buildWith([]);
  const rules = objects.find(({ metadata }) => metadata.name.startsWith("prometheus-rules"));
  const files = await readdir(join(FOLDER, "../../prometheus/rules"));
  expect(Object.keys(rules?.data ?? {}).toSorted()).toEqual(files.toSorted());
});

test("no pod sees more of the secret than it asks for", async () => {
  const { objects } = await buildWith(["postgresql", "premium", "microvm"]);
  const whole = objects.filter(({ spec }) =>
    (spec?.template?.spec.volumes ?? []).some(
      ({ secret }: { secret?: { items?: object[] } }) => secret !== undefined && secret.items === undefined,
    ),
  );
  expect(whole.map(({ metadata }) => metadata.name)).toEqual([]);
});

test.each(["autoscaling", "autoscaling-by-lag"])(
  "a runtime that is idle asks for no other by %s",
  async (component) => {
    const { objects } = await buildWith([component]);
    const runtime = objects.find(
      ({ kind, metadata }) => kind === "Deployment" && metadata.name === "runtime",
    );
    // Replicas come at 80 % of what a pod asks for: of a tenth of a CPU, that would be at a handful of calls.
    expect(runtime?.spec.template.spec.containers[0].resources.requests.cpu).toBe("1");
    expect(runtime?.spec.replicas).toBeUndefined();
  },
);

test("an operated Prometheus finds each runtime once", async () => {
  const { objects } = await buildWith(["postgresql", "prometheus-operator", "premium", "microvm"]);
  const services = objects.filter(
    ({ kind, metadata, spec }) =>
      kind === "Service" &&
      metadata.labels?.["app.kubernetes.io/component"] === "runtime" &&
      spec.ports.some(({ name }: { name: string }) => name === "management"),
  );
  const found = services.flatMap((service) => podsBehind(service, objects));
  expect(found.toSorted()).toEqual(["host-metrics", "runtime", "runtime-microvm", "runtime-premium"]);
});

test.each(["premium", "microvm"])("Prometheus finds the runtimes of the component %s", async (component) => {
  const { objects } = await buildWith(["postgresql", component]);
  const service = objects.find(({ metadata }) => metadata.name === "runtime-replicas");
  expect(podsBehind(service, objects)).toEqual(["runtime", `runtime-${component}`]);
});

/** The names of what has pods that a Service leads to. */
function podsBehind(service: KubernetesObject | undefined, objects: readonly KubernetesObject[]): string[] {
  const selector = Object.entries(service?.spec.selector);
  return objects
    .filter(({ spec }) => spec?.template !== undefined)
    .filter(({ spec }) => selector.every(([name, value]) => spec.template.metadata.labels[name] === value))
    .map(({ metadata }) => metadata.name);
}
