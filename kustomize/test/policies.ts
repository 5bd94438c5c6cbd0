import type { KubernetesObject } from "./build.ts";

// biome-ignore lint/suspicious/noExplicitAny: as it is in the manifest.
type Container = Record<string, any>;

/** What is allowed to be otherwise, by the name of the workload, and why. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  // Sees the node's own network.
  "host-metrics": ["hostNetwork"],
  // The image writes its configuration and its logs below its own folders.
  kafka: ["readOnlyRootFilesystem"],
  // Root, with the capability to make namespaces: of a virtual machine, and of nothing else (see below).
  "runtime-microvm": ["runAsNonRoot", "allowPrivilegeEscalation", "capabilities", "seccompProfile"],
  // A course's own file, which nothing but the image of is changed.
  "serverless-redis": [
    "runAsNonRoot",
    "seccompProfile",
    "allowPrivilegeEscalation",
    "readOnlyRootFilesystem",
    "capabilities",
    "probes",
    "limits",
    "labels",
    "automountServiceAccountToken",
  ],
};

/** What is wrong with objects by the rules of this project, a line each. */
export function violations(objects: readonly KubernetesObject[]): string[] {
  return objects.flatMap((object) => {
    const spec = object.spec?.template?.spec;
    if (spec === undefined) return [];
    const problems = new Set([
      ...problemsOfPod(spec),
      ...problemsOfLabels(object),
      ...(spec.containers as Container[]).flatMap(problemsOfContainer),
    ]);
    for (const allowed of EXCEPTIONS[object.metadata.name] ?? []) problems.delete(allowed);
    return [...problems].map((problem) => `${object.kind} ${object.metadata.name}: ${problem}`);
  });
}

// biome-ignore lint/suspicious/noExplicitAny: as it is in the manifest.
function problemsOfPod(spec: any): string[] {
  const security = spec.securityContext ?? {};
  return [
    security.runAsNonRoot === true ? "" : "runAsNonRoot",
    ["RuntimeDefault", "Localhost"].includes(security.seccompProfile?.type) ? "" : "seccompProfile",
    spec.automountServiceAccountToken === false ? "" : "automountServiceAccountToken",
    spec.hostNetwork === true ? "hostNetwork" : "",
    hasRoot(spec) && !spec.runtimeClassName?.startsWith("kata") ? "root outside of a virtual machine" : "",
    spec.hostPID === true || spec.hostIPC === true ? "hostPID or hostIPC" : "",
    (spec.volumes ?? []).some((volume: object) => "hostPath" in volume) ? "hostPath" : "",
  ].filter((problem) => problem !== "");
}

/** Whether its user is root, or any of its containers is given capabilities. */
// biome-ignore lint/suspicious/noExplicitAny: as it is in the manifest.
function hasRoot(spec: any): boolean {
  const contexts = [spec, ...spec.containers].map(({ securityContext }) => securityContext ?? {});
  return contexts.some(({ runAsUser, capabilities }) => runAsUser === 0 || capabilities?.add !== undefined);
}

function problemsOfLabels({ metadata, spec }: KubernetesObject): string[] {
  const wanted = ["app.kubernetes.io/name", "app.kubernetes.io/component", "app.kubernetes.io/part-of"];
  const sets = [metadata.labels, spec.template.metadata?.labels];
  return sets.every((labels) => wanted.every((name) => labels?.[name] !== undefined)) ? [] : ["labels"];
}

function problemsOfContainer(container: Container): string[] {
  const { securityContext: security = {}, resources = {} } = container;
  const probes = ["startupProbe", "readinessProbe", "livenessProbe"];
  return [
    security.allowPrivilegeEscalation === false ? "" : "allowPrivilegeEscalation",
    security.readOnlyRootFilesystem === true ? "" : "readOnlyRootFilesystem",
    security.capabilities?.drop?.includes("ALL") === true && security.capabilities.add === undefined
      ? ""
      : "capabilities",
    probes.every((probe) => container[probe] !== undefined) ? "" : "probes",
    resources.requests?.cpu && resources.requests?.memory && resources.limits?.memory ? "" : "limits",
    isPinned(container.image) ? "" : `the image ${container.image} has neither a version nor a digest`,
  ].filter((problem) => problem !== "");
}

function isPinned(image: string): boolean {
  const tag = /:([^:/@]+)$/.exec(image.replace(/@.*$/, ""))?.[1];
  return image.includes("@sha256:") || (tag !== undefined && tag !== "latest");
}
