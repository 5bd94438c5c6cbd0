import { readFile } from "node:fs/promises";
import { newValues } from "@gaugelet/stack/kubernetes/secret";
import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import { build, type KubernetesObject, OVERLAYS } from "./build.ts";
import { violations } from "./policies.ts";
import { expectValid, expectWhole } from "./validity.ts";

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

test("production's Alertmanager says what ours says, and shows a token where calls need one", async () => {
  const { objects } = await build("overlays/prod");
  const find = (kind: string, name: string): KubernetesObject | undefined =>
    objects.find((object) => object.kind === kind && object.metadata.name.startsWith(name));
  expect(find("ConfigMap", "runtime-environment")?.data.GAUGELET_CALLS).toBe("token");
  const configuration = load(find("ConfigMap", "alertmanager-configuration")?.data["alertmanager.yml"]) as {
    receivers: { webhook_configs: { http_config?: object }[] }[];
  };
  const file = "/etc/gaugelet-secrets/token";
  const [webhook] = configuration.receivers[0]?.webhook_configs ?? [];
  expect(webhook?.http_config).toEqual({ authorization: { credentials_file: file } });
  delete webhook?.http_config;
  const ours = await readFile(new URL("../../prometheus/alertmanager.yml", import.meta.url), "utf8");
  expect(configuration).toEqual(load(ours));
  const { containers, volumes } = find("Deployment", "alertmanager")?.spec.template.spec ?? {};
  const mounts = containers[0].volumeMounts as { name: string; mountPath: string }[];
  const mount = mounts.find(({ mountPath }) => file.startsWith(mountPath));
  const { secret } = volumes.find(({ name }: { name: string }) => name === mount?.name);
  expect(secret.items).toEqual([{ key: "admin-token", path: "token" }]);
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
