import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { kustomizeCommand } from "@gaugelet/stack/setup/kustomize";
import { loadAll } from "js-yaml";

const run = promisify(execFile);
const FOLDER = fileURLToPath(new URL("..", import.meta.url));
const MAX_OUTPUT_BYTES = 64 * 1024 ** 2;

export const OVERLAYS = readdirSync(join(FOLDER, "overlays")).toSorted();
export const COMPONENTS = readdirSync(join(FOLDER, "components"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted();

/** As much of a Kubernetes object as the tests look at. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own.
  readonly [field: string]: any;
}

/** What was built: text, and its objects. */
export interface Built {
  readonly text: string;
  readonly objects: readonly KubernetesObject[];
}

/** What a folder below `kustomize/` builds to. */
export async function build(folder: string): Promise<Built> {
  return await buildFolder(join(FOLDER, folder));
}

/** What any folder builds to. */
export async function buildFolder(folder: string): Promise<Built> {
  const [command = "", ...args] = kustomizeCommand();
  const { stdout } = await run(command, [...args, folder], { maxBuffer: MAX_OUTPUT_BYTES });
  return builtFrom(stdout);
}

/** Objects as text, and as they are. */
export function builtFrom(text: string): Built {
  return { text, objects: loadAll(text) as KubernetesObject[] };
}

/** What the base and some components build to. */
export async function buildWith(components: readonly string[]): Promise<Built> {
  // Kustomize takes paths that are relative, from a folder of the same tree.
  const folder = await mkdtemp(join(FOLDER, ".combination-"));
  try {
    const lines = [
      "apiVersion: kustomize.config.k8s.io/v1beta1",
      "kind: Kustomization",
      "namespace: gaugelet",
      "resources: [../base]",
      `components: [${components.map((name) => `../components/${name}`).join(", ")}]`,
    ];
    await writeFile(join(folder, "kustomization.yaml"), `${lines.join("\n")}\n`);
    return await build(relative(FOLDER, folder));
  } finally {
    await rm(folder, { recursive: true });
  }
}
