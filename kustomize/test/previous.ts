import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type Built, buildFolder, builtFrom } from "./build.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** As long as nothing has been released: a commit whose data and manifests have to be taken over all the same. */
const BEFORE_RELEASES = "3431ac66c25d8f1ed785ab3f6d1a9e08e7fb7ea5";

/** The newest release before what is checked out: its tag, or a commit. */
export async function previousVersion(): Promise<string> {
  const described = await run("git", ["describe", "--tags", "--abbrev=0", "HEAD^"], { cwd: ROOT }).catch(
    () => undefined,
  );
  return described?.stdout.trim() ?? BEFORE_RELEASES;
}

/** What a version's own `kustomize/test/cluster` builds to, with images of ours that have the tag `previous`. */
export async function buildPrevious(version: string): Promise<Built> {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-previous-"));
  try {
    const archive = join(folder, "manifests.tar");
    await run("git", ["archive", `--output=${archive}`, version, "kustomize", "prometheus", "grafana"], {
      cwd: ROOT,
    });
    await run("tar", ["-xf", archive, "-C", folder]);
    const { text } = await buildFolder(join(folder, "kustomize/test/cluster"));
    return builtFrom(text.replace(/(localhost\/gaugelet-[\w-]+):dev/g, "$1:previous"));
  } finally {
    await rm(folder, { recursive: true });
  }
}
