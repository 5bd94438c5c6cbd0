import { expect, test } from "vitest";
import { buildWith, type KubernetesObject } from "./build.ts";

type Labels = Readonly<Record<string, string>>;
/** Who connects to whom, at which port. */
type Connection = readonly [from: string, to: string, port: number];

/** A rule of a policy: whom it is about, under `from` or `to`, and at which ports. */
interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly port: number | string }[];
}

interface Peer {
  readonly podSelector?: { readonly matchLabels?: Labels };
  readonly namespaceSelector?: object;
  readonly ipBlock?: object;
}

const RUNTIMES = ["runtime", "runtime-premium", "runtime-microvm"];
const NEEDED: readonly Connection[] = [
  ...RUNTIMES.flatMap((runtime): Connection[] => [
    [runtime, "redis", 6379],
    [runtime, "redis-sentinel", 26379],
    [runtime, "postgresql", 5432],
    [runtime, "kafka", 9092],
    [runtime, "prometheus", 9090],
    ["prometheus", runtime, 8421],
  ]),
  ["exporter", "redis", 6379],
  ["exporter", "redis-sentinel", 26379],
  ["redis", "redis", 6379],
  ["redis", "redis-sentinel", 26379],
  ["redis-sentinel", "redis", 6379],
  ["redis-sentinel", "redis-sentinel", 26379],
  ["kafka", "kafka", 9092],
  ["kafka", "kafka", 9093],
  ["prometheus", "exporter", 9420],
  ["prometheus", "alertmanager", 9093],
  ["alertmanager", "runtime", 8420],
  ["grafana", "prometheus", 9090],
  ["grafana", "runtime", 8420],
  ["grafana", "runtime-microvm", 8420],
];
const NEEDLESS: readonly Connection[] = [
  ["grafana", "redis", 6379],
  ["grafana", "postgresql", 5432],
  ["exporter", "postgresql", 5432],
  ["alertmanager", "redis", 6379],
  ["runtime", "runtime-premium", 8421],
];

test("the network policies let through what parts ask each other, whatever components there are", async () => {
  const components = ["postgresql", "kafka", "high-availability", "premium", "network-policies", "microvm"];
  const { objects } = await buildWith(components);
  expect(NEEDED.filter((connection) => !isAllowed(objects, connection))).toEqual([]);
  expect(NEEDLESS.filter((connection) => isAllowed(objects, connection))).toEqual([]);
});

/** Whether both sides' policies let a connection through between pods of one namespace. */
function isAllowed(objects: readonly KubernetesObject[], [from, to, port]: Connection): boolean {
  const [source, target] = [podOf(objects, from), podOf(objects, to)];
  const ports = [port, nameOf(target, port)];
  return (
    isLetThrough(objects, "Egress", source, target, ports) &&
    isLetThrough(objects, "Ingress", target, source, ports)
  );
}

/** Whether the policies of a pod let its own side of a connection through; where none is about it, all are. */
function isLetThrough(
  objects: readonly KubernetesObject[],
  direction: "Ingress" | "Egress",
  own: KubernetesObject,
  other: KubernetesObject,
  ports: readonly (number | string | undefined)[],
): boolean {
  const policies = objects.filter(
    ({ kind, spec }) =>
      kind === "NetworkPolicy" &&
      spec.policyTypes.includes(direction) &&
      matches(spec.podSelector.matchLabels, own.metadata.labels),
  );
  const rules = policies.flatMap(({ spec }): Rule[] => spec[direction.toLowerCase()] ?? []);
  return (
    policies.length === 0 ||
    rules.some((rule) => {
      const peers = direction === "Ingress" ? rule.from : rule.to;
      const isPeer = peers === undefined || peers.some((peer) => isMeant(peer, other));
      return isPeer && (rule.ports === undefined || rule.ports.some(({ port }) => ports.includes(port)));
    })
  );
}

/** Of the pods of this namespace alone, for which any block of addresses stands as well. */
function isMeant({ podSelector, namespaceSelector, ipBlock }: Peer, pod: KubernetesObject): boolean {
  if (ipBlock !== undefined) return true;
  return namespaceSelector === undefined && matches(podSelector?.matchLabels, pod.metadata.labels);
}

function matches(selector: Labels = {}, labels: Labels = {}): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value);
}

/** The pod of a workload. */
function podOf(objects: readonly KubernetesObject[], name: string): KubernetesObject {
  const workload = objects.find(
    ({ metadata, spec }) => metadata.name === name && spec?.template !== undefined,
  );
  if (workload === undefined) throw new Error(`there is no workload ${name}`);
  return workload.spec.template;
}

function nameOf(pod: KubernetesObject, port: number): string | undefined {
  const ports = pod.spec.containers.flatMap(
    (container: { ports?: { name: string; containerPort: number }[] }) => container.ports ?? [],
  );
  return ports.find(({ containerPort }: { containerPort: number }) => containerPort === port)?.name;
}
