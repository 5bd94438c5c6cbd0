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
        (spec.volumeClaimTemplates ?? []).flatMap((claim: KubernetesObject) =>
          Array.from(
            { length: spec.replicas ?? 1 },
            (_, number) => `${claim.metadata.name}-${metadata.name}-${number}`,
          ),
        ),
      ),
  ];
  if (claims.length === 0) return;
  const folders = claims.map((claim) => ({ claim, folder: `${claim}-${Date.now()}` }));
  await makeFolders(
    folders.map(({ folder }) => folder),
    imageOf(objects),
  );
  for (const { claim, folder } of folders) {
    await kubectl(["apply", "--filename=-"], JSON.stringify(volumeFor(claim, folder, namespace)));
  }
}

/** Take them away again. */
export async function removeVolumes(): Promise<void> {
  await kubectl(["delete", "persistentvolumes", `--selector=${LABEL}=yes`]);
}

/** An image that is there for sure. */
function imageOf(objects: readonly KubernetesObject[]): string {
  const runtime = objects.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === "runtime");
  return runtime?.spec.template.spec.containers[0].image;
}

/** Folders of the node that everybody may write to: Kubernetes changes no owner of such volumes. */
async function makeFolders(folders: readonly string[], image: string): Promise<void> {
  const paths = folders.map((folder) => `/volumes/${folder}`).join(" ");
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: LABEL, namespace: "default" },
    spec: {
      restartPolicy: "Never",
      containers: [
        {
          name: "folders",
          image,
          imagePullPolicy: "IfNotPresent",
          command: ["sh", "-c", `mkdir -p ${paths} && chmod 777 ${paths}`],
          securityContext: { runAsUser: 0 },
          volumeMounts: [{ name: "volumes", mountPath: "/volumes" }],
        },
      ],
      volumes: [{ name: "volumes", hostPath: { path: FOLDER, type: "DirectoryOrCreate" } }],
    },
  };
  const named = ["--namespace=default", `pod/${LABEL}`];
  await kubectl(["apply", "--filename=-"], JSON.stringify(pod));
  await kubectl(["wait", ...named, "--for=jsonpath={.status.phase}=Succeeded", "--timeout=120s"]);
  await kubectl(["delete", ...named]);
}

function volumeFor(claim: string, folder: string, namespace: string): object {
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
      hostPath: { path: `${FOLDER}/${folder}`, type: "DirectoryOrCreate" },
    },
  };
}
