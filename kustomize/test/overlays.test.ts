import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { newValues } from "@gaugelet/stack/kubernetes/secret";
import { describe, expect, test } from "vitest";
import { build, buildWith, COMPONENTS, type KubernetesObject, OVERLAYS } from "./build.ts";
import { violations } from "./policies.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PYTHON = join(ROOT, ".gaugelet/python/bin/python");
const KUBERNETES = "1.34";
/** Kinds that operators bring: Kubernetes itself has no schema of theirs. */
const OTHERS = /^(monitoring\.coreos\.com|keda\.sh)\//;
/** Two of a kind that say the same thing in two ways. */
const CONTRADICTORY = [
  ["autoscaling", "autoscaling-by-lag"],
  ["external-redis", "high-availability"],
];

describe.each(OVERLAYS)("overlay %s", (overlay) => {
  test("builds, is valid for Kubernetes, and keeps our rules", async () => {
    const { objects } = await build(`overlays/${overlay}`);
    expect(objects.length).toBeGreaterThan(3);
    await expectValid(objects);
    expect(violations(objects)).toEqual([]);
    expectWhole(objects);
  });

  test("holds no secret", async () => {
    const { objects } = await build(`overlays/${overlay}`);
    expect(objects.filter(({ kind }) => kind === "Secret")).toEqual([]);
  });
});

test("what pods ask of the secret is there, and Grafana shows what the runtime knows it by", async () => {
  const { objects } = await build("overlays/prod");
  const asked = objects.flatMap(({ spec }) => keysAsked(spec?.template?.spec ?? {}));
  const roles = ["viewer", "editor", "admin"].map((role) => `grafana-${role}-secret`);
  expect(asked).toEqual(expect.arrayContaining(["grafana-secret", ...roles]));
  expect(asked.filter((key) => !(key in newValues()))).toEqual([]);
});

test("production has every image by its digest", async () => {
  const { objects } = await build("overlays/prod");
  const images = imagesOf(objects);
  expect(images.length).toBeGreaterThan(6);
  expect(images.filter((image) => !/@sha256:[0-9a-f]{64}$/.test(image))).toEqual([]);
});

test("a changed function has another name, so that it rolls out", async () => {
  const { objects } = await build("overlays/dev");
  const runtime = objects.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === "runtime");
  const volumes = runtime?.spec.template.spec.volumes as { configMap?: { name: string } }[];
  const names = volumes.flatMap(({ configMap }) => (configMap === undefined ? [] : [configMap.name]));
  expect(names).toEqual([expect.stringMatching(/^runtime-functions-[0-9a-z]{10}$/)]);
});

test("the course's file is as it was but for its image", async () => {
  const { objects } = await build("overlays/course");
  const deployment = objects.find(({ kind }) => kind === "Deployment");
  const [container] = deployment?.spec.template.spec.containers ?? [];
  expect(container.image).toMatch(/gaugelet-runtime/);
  expect(container.resources).toEqual({ requests: { cpu: "100m", memory: "300Mi" } });
  expect(container.volumeMounts).toEqual([
    { name: "pyfile", mountPath: "/opt/usermodule.py", subPath: "pyfile" },
  ]);
});

test.each(COMPONENTS)("component %s says what it is for, and builds by itself", async (component) => {
  expect(existsSync(join(ROOT, "kustomize/components", component, "README.md"))).toBe(true);
  const { objects } = await buildWith([component]);
  expectWhole(objects);
});

test("components are free to combine", async () => {
  const pairs = COMPONENTS.flatMap((one, index) => COMPONENTS.slice(index + 1).map((other) => [one, other]));
  const sensible = pairs.filter(
    (pair) => !CONTRADICTORY.some((both) => both.every((name) => pair.includes(name))),
  );
  const failures: string[] = [];
  const take = async (): Promise<void> => {
    for (let pair = sensible.pop(); pair !== undefined; pair = sensible.pop()) {
      await buildWith(pair).catch((error: Error) =>
        failures.push(`${pair?.join(" and ")}: ${error.message}`),
      );
    }
  };
  await Promise.all([take(), take(), take()]);
  expect(failures).toEqual([]);
});

test("all components that do not contradict each other build together, and are valid", async () => {
  const without = new Set(CONTRADICTORY.map(([one]) => one));
  const { objects } = await buildWith(COMPONENTS.filter((component) => !without.has(component)));
  await expectValid(objects);
  expectWhole(objects);
});

/** The keys of secrets that a pod is given, in its environment and in its files. */
// biome-ignore lint/suspicious/noExplicitAny: as it is in the manifest.
function keysAsked(pod: any): string[] {
  const named = (pod.containers ?? []).flatMap(({ env = [] }: KubernetesObject) =>
    env.map(({ valueFrom }: KubernetesObject) => valueFrom?.secretKeyRef?.key),
  );
  const files = (pod.volumes ?? []).flatMap(({ secret }: KubernetesObject) =>
    (secret?.items ?? []).map(({ key }: { key: string }) => key),
  );
  return [...named, ...files].filter((key) => key !== undefined);
}

function imagesOf(objects: readonly KubernetesObject[]): string[] {
  return objects.flatMap(({ spec }) =>
    (spec?.template?.spec?.containers ?? []).map(({ image }: { image: string }) => image),
  );
}

/** Valid by the JSON schemas of Kubernetes, with no field that it does not know. */
async function expectValid(objects: readonly KubernetesObject[]): Promise<void> {
  const own = objects.filter(({ apiVersion }) => !OTHERS.test(apiVersion));
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-kustomize-"));
  try {
    const file = join(folder, "objects.yaml");
    await writeFile(file, own.map((object) => `---\n${JSON.stringify(object)}\n`).join(""));
    const args = ["-m", "kubernetes_validate", "--strict", "-k", KUBERNETES, file];
    const problem = await run(PYTHON, args, { maxBuffer: 64 * 1024 ** 2 }).then(
      () => undefined,
      ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}${stderr}`,
    );
    expect(problem).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What is referred to is there: ConfigMaps, claims, service accounts, and pods behind each Service. */
function expectWhole(objects: readonly KubernetesObject[]): void {
  const names = (kind: string): string[] =>
    objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);
  const missing: string[] = [];
  const templates = objects.filter(({ spec }) => spec?.template?.spec !== undefined);
  for (const { metadata, spec } of templates) {
    const pod = spec.template.spec;
    for (const { configMap, persistentVolumeClaim } of pod.volumes ?? []) {
      if (configMap && !names("ConfigMap").includes(configMap.name))
        missing.push(`${metadata.name}: ${configMap.name}`);
      const claim = persistentVolumeClaim?.claimName;
      if (claim && !names("PersistentVolumeClaim").includes(claim))
        missing.push(`${metadata.name}: ${claim}`);
    }
    for (const container of pod.containers) {
      for (const { configMapRef } of container.envFrom ?? []) {
        if (configMapRef && !names("ConfigMap").includes(configMapRef.name)) {
          missing.push(`${metadata.name}: ${configMapRef.name}`);
        }
      }
    }
  }
  for (const { metadata, spec } of objects.filter(({ kind }) => kind === "Service")) {
    if (spec.selector === undefined) continue;
    const isBehind = templates.some(({ spec: { template } }) =>
      Object.entries(spec.selector).every(([name, value]) => template.metadata.labels?.[name] === value),
    );
    if (!isBehind) missing.push(`Service ${metadata.name}: no pods`);
  }
  expect(missing).toEqual([]);
}
