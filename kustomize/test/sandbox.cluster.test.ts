import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { kubectl } from "@gaugelet/stack/kubernetes/kubectl";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build } from "./build.ts";
import { placeFiles } from "./node-files.ts";
import { cleanUp, inside, NAMESPACE, PATIENCE_SECONDS, prepare, rolledOut } from "./on-cluster.ts";

const PROFILE = fileURLToPath(new URL("../components/sandbox/sandbox.json", import.meta.url));
/** Where the kubelets keep what is theirs. */
const KUBELET = process.env.KUBELET_ROOT ?? "/var/lib/kubelet";

/** Whether every node gives pods users of their own: what runs its containers says so itself. */
async function hasUsersOfPods(): Promise<boolean> {
  const { items } = JSON.parse(await kubectl(["get", "nodes", "--output=json"]));
  return items.every(
    ({ status }: { status: { runtimeHandlers?: { features?: { userNamespaces?: boolean } }[] } }) =>
      status.runtimeHandlers?.some(({ features }) => features?.userNamespaces === true),
  );
}

const isPossible = await hasUsersOfPods();
if (!isPossible) {
  console.log(
    "component sandbox: left out, as the nodes have no user namespaces for pods (containerd 2.0, runc 1.2)",
  );
}

describe.skipIf(!isPossible)("the component sandbox, on the cluster that kubectl points at", () => {
  beforeAll(async () => {
    const { objects } = await build("test/sandbox");
    await placeFiles(`${KUBELET}/seccomp/gaugelet`, { "sandbox.json": await readFile(PROFILE, "utf8") });
    await prepare(objects);
    await kubectl(["apply", "--kustomize", fileURLToPath(new URL("sandbox", import.meta.url))]);
    await rolledOut("statefulset/redis", "statefulset/postgresql", "deployment/runtime");
  }, PATIENCE_SECONDS * 1000);

  afterAll(() => cleanUp(), PATIENCE_SECONDS * 1000);

  test("a function runs in namespaces of its own, inside the pod's", async () => {
    const call = `fetch("http://localhost:8420/functions/looks", { method: "POST", body: "{}", headers: { "content-type": "application/json" } })`;
    const program = `${call}.then(async (answer) => console.log(answer.status, await answer.text()))`;
    const said = await inside("exec", "deployment/runtime", "--", "node", "-e", program);
    expect(said).toMatch(/^200 /);
    const seen = JSON.parse(said.slice(4));
    // Itself alone, or with what it was started by.
    expect(seen.processes.length).toBeLessThan(4);
    expect(seen.root).not.toContain("var");
    expect(seen.networks).toEqual(["lo"]);
    expect(seen).toMatchObject({ seccomp: 2, no_new_privileges: 1, capabilities: 0 });
  });

  test("the pod's users are nobody on the node", async () => {
    const map = await inside("exec", "deployment/runtime", "--", "cat", "/proc/self/uid_map");
    const [within, outside] = map.trim().split(/\s+/).map(Number);
    expect(within).toBe(0);
    expect(outside).toBeGreaterThan(65_535);
    const pod = JSON.parse(
      await inside("get", "pods", "--selector=app.kubernetes.io/name=runtime", "--output=json"),
    );
    expect(pod.items[0].metadata.namespace).toBe(NAMESPACE);
    expect(pod.items[0].spec.hostUsers).toBe(false);
  });
});
