import { kubectl } from "@gaugelet/stack/kubernetes/kubectl";
import { build } from "./build.ts";

const POD = "gaugelet-test-files";

/**
 * Put files into a folder of the node, as whatever keeps nodes does elsewhere. On a cluster of several nodes it is one of
 * them alone.
 *
 * @param files their content, by name.
 */
export async function placeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  const named = ["--namespace=default"];
  const map = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: POD, namespace: "default" },
    data: files,
  };
  await kubectl(["apply", "--filename=-"], JSON.stringify(map));
  await kubectl(["apply", "--filename=-"], JSON.stringify(await podThatCopies(folder)));
  await kubectl([
    "wait",
    ...named,
    `pod/${POD}`,
    "--for=jsonpath={.status.phase}=Succeeded",
    "--timeout=120s",
  ]);
  await kubectl(["delete", ...named, `pod/${POD}`, `configmap/${POD}`]);
}

async function podThatCopies(folder: string): Promise<object> {
  const { objects } = await build("overlays/dev");
  const runtime = objects.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === "runtime");
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: POD, namespace: "default" },
    spec: {
      restartPolicy: "Never",
      containers: [
        {
          name: "files",
          // An image that is there for sure.
          image: runtime?.spec.template.spec.containers[0].image,
          imagePullPolicy: "IfNotPresent",
          command: ["sh", "-c", "cp -L /files/* /node/"],
          securityContext: { runAsUser: 0 },
          volumeMounts: [
            { name: "files", mountPath: "/files" },
            { name: "node", mountPath: "/node" },
          ],
        },
      ],
      volumes: [
        { name: "files", configMap: { name: POD } },
        { name: "node", hostPath: { path: folder, type: "DirectoryOrCreate" } },
      ],
    },
  };
}
