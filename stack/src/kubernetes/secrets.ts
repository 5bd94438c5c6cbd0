// npm run kubernetes:secrets: makes the namespace and the secret that the overlays need, where they are not there yet.
//
// Usage: npm run kubernetes:secrets -- [namespace]
import { randomBytes } from "node:crypto";
import { Problem } from "../problem.ts";
import { kubectl } from "./kubectl.ts";

const SECRET = "gaugelet";

try {
  await main(process.argv[2] ?? "gaugelet");
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function main(namespace: string): Promise<void> {
  const space = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  const spaces = await kubectl(["get", "namespaces", "--output=name"]);
  if (!spaces.split("\n").includes(`namespace/${namespace}`)) {
    await kubectl(["create", "--filename=-"], JSON.stringify(space));
  }
  const there = await kubectl(["get", "secrets", `--namespace=${namespace}`, "--output=name"]);
  if (there.split("\n").includes(`secret/${SECRET}`)) {
    console.log(`the secret ${SECRET} is there already, and stays as it is`);
    return;
  }
  // By standard input: arguments of a program can be seen by others.
  await kubectl(["create", "--filename=-"], JSON.stringify(secretIn(namespace)));
  console.log(
    `made the secret ${SECRET} in ${namespace}. The password of Grafana's admin:\n` +
      `    kubectl get secret ${SECRET} --namespace=${namespace} --output=go-template='{{index .data "grafana-admin-password" | base64decode}}'`,
  );
}

function secretIn(namespace: string): object {
  const password = random();
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: SECRET, namespace, labels: { "app.kubernetes.io/part-of": "gaugelet" } },
    stringData: {
      "postgres-password": password,
      "database-url": `postgresql://gaugelet:${password}@postgresql:5432/gaugelet`,
      "secret-key": randomBytes(32).toString("base64"),
      "admin-token": `gaugelet_${random()}`,
      "grafana-secret": random(),
      "grafana-admin-password": random(),
    },
  };
}

/** Needs no escape in an address. */
function random(): string {
  return randomBytes(24).toString("base64url");
}
