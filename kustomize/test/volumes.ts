import { kubectl } from "@gaugelet/stack/kubernetes/kubectl";
import type { KubernetesObject } from "./build.ts";

const LABEL = "gaugelet-test-volumes";
const FOLDER = "/tmp/gaugelet-test-volumes";

/**
 * Volumes for the claims of some objects, in folders of the node, where the cluster has no way of its own to make any.
 */
export async function provideVolumes(objects: readonly KubernetesObject[], namespace: string): Promise<void> {
  const classes = await kubectl(["get", "storageclasses", "--output=name"]);
  if (classes.trim() !== "") return;
  const claims = [
    ...objects.filter(({ kind }) => kind === "PersistentVolumeClaim").map(({ metadata }) => metadata.name),
    ...objects
      .filter(({ kind }) => kind === "StatefulSet")
      .flatMap(({ metadata, spec }) =>
        (spec.volumeClaimTemplates ?? []).map(
          (claim: KubernetesObject) => `${claim.metadata.name}-${metadata.name}-0`,
        ),
      ),
  ];
  for (const claim of claims)
    await kubectl(["apply", "--filename=-"], JSON.stringify(volumeFor(claim, namespace)));
}

/** Take them away again. */
export async function removeVolumes(): Promise<void> {
  await kubectl(["delete", "persistentvolumes", `--selector=${LABEL}=yes`]);
}

function volumeFor(claim: string, namespace: string): object {
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: `gaugelet-test-${claim}`, labels: { [LABEL]: "yes" } },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "20Gi" },
      persistentVolumeReclaimPolicy: "Delete",
      storageClassName: "",
      claimRef: { namespace, name: claim },
      hostPath: { path: `${FOLDER}/${claim}-${Date.now()}`, type: "DirectoryOrCreate" },
    },
  };
}
