// npm run kubernetes:secrets: makes the namespace and the secret that the overlays need, where they are not there yet. A
// secret that is there keeps its values, and gets those that are made from them.
//
// Usage: npm run kubernetes:secrets -- [namespace]
import { runCommand } from "../problem.ts";
import { kubectl } from "./kubectl.ts";
import { newValues, type SecretValues, withValuesOfRoles } from "./secret.ts";

const SECRET = "gaugelet";

await runCommand(() => main(process.argv[2] ?? "gaugelet"));

async function main(namespace: string): Promise<void> {
  const space = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  const spaces = await kubectl(["get", "namespaces", "--output=name"]);
  if (!spaces.split("\n").includes(`namespace/${namespace}`)) {
    await kubectl(["create", "--save-config", "--filename=-"], JSON.stringify(space));
  }
  const there = await kubectl(["get", "secrets", `--namespace=${namespace}`, "--output=name"]);
  if (there.split("\n").includes(`secret/${SECRET}`)) {
    await complete(namespace);
    return;
  }
  // By standard input: arguments of a program can be seen by others.
  await kubectl(["create", "--filename=-"], JSON.stringify(secretIn(namespace, newValues())));
  console.log(
    `made the secret ${SECRET} in ${namespace}. The password of Grafana's admin:\n` +
      `    kubectl get secret ${SECRET} --namespace=${namespace} --output=go-template='{{index .data "grafana-admin-password" | base64decode}}'`,
  );
}

/** Add to the secret what is made from its values and is not there, or is no longer made from them. */
async function complete(namespace: string): Promise<void> {
  const text = await kubectl(["get", "secret", SECRET, `--namespace=${namespace}`, "--output=json"]);
  const secret = JSON.parse(text) as { data?: Record<string, string> };
  const there = mapValues(secret.data ?? {}, (value) => Buffer.from(value, "base64").toString());
  const wanted = withValuesOfRoles(there);
  const added = Object.keys(wanted).filter((key) => wanted[key] !== there[key]);
  if (added.length === 0) {
    console.log(`the secret ${SECRET} is there already, and stays as it is`);
    return;
  }
  const data = mapValues(wanted, (value) => Buffer.from(value).toString("base64"));
  await kubectl(["replace", "--filename=-"], JSON.stringify({ ...secret, data }));
  console.log(`the secret ${SECRET} is there already; what was missing is added: ${added.join(", ")}`);
}

function mapValues(values: SecretValues, change: (value: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}

function secretIn(namespace: string, stringData: SecretValues): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: SECRET, namespace, labels: { "app.kubernetes.io/part-of": "gaugelet" } },
    stringData,
  };
}
