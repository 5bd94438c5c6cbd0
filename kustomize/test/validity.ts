import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "vitest";
import type { KubernetesObject } from "./build.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PYTHON = join(ROOT, ".gaugelet/python/bin/python");
const KUBERNETES = "1.34";
/** Kinds that operators bring: Kubernetes itself has no schema of theirs. */
const OTHERS = /^(monitoring\.coreos\.com|keda\.sh)\//;

/** Valid by the JSON schemas of Kubernetes, with no field that it does not know. */
export async function expectValid(objects: readonly KubernetesObject[]): Promise<void> {
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
export function expectWhole(objects: readonly KubernetesObject[]): void {
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
