import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Builder } from "./builder.ts";

const run = promisify(execFile);

/** What buildah writes into the configuration of an image in the format of Docker, which alone has health checks. */
interface Configuration {
  /** Names of what it was built in and from, which are others at each build. */
  container?: string;
  parent?: string;
  config?: { Hostname?: string };
  container_config?: { Hostname?: string };
  history?: { comment?: string }[];
}

/**
 * Take out of an image what names the containers and the images that it was built in and from: without it two builds
 * have one digest. Nothing else of it changes.
 *
 * @param image its name and tag, which are those of the new one from then on.
 */
export async function forgetBuild({ name, command }: Builder, image: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-image-"));
  try {
    const asTheyAre = name === "buildah" ? ["--disable-compression"] : [];
    await run(command, ["push", "--quiet", ...asTheyAre, image, `dir:${folder}`]);
    const manifestFile = join(folder, "manifest.json");
    const manifest = JSON.parse(await readFile(manifestFile, "utf8"));
    const before = join(folder, hexOf(manifest.config.digest));
    const text = withoutTraces(await readFile(before, "utf8"));
    await rm(before);
    manifest.config.digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    manifest.config.size = Buffer.byteLength(text);
    await writeFile(join(folder, hexOf(manifest.config.digest)), text);
    await writeFile(manifestFile, JSON.stringify(manifest));
    const { stdout } = await run(command, ["pull", "--quiet", `dir:${folder}`]);
    await run(command, ["tag", stdout.trim(), image]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The text of a configuration without names of what it was built in. */
export function withoutTraces(text: string): string {
  const configuration = JSON.parse(text) as Configuration;
  delete configuration.container;
  delete configuration.parent;
  // A container has its own all the same.
  delete configuration.config?.Hostname;
  delete configuration.container_config?.Hostname;
  for (const step of configuration.history ?? []) {
    if (/^FROM [0-9a-f]+$/.test(step.comment ?? "")) delete step.comment;
  }
  return JSON.stringify(configuration);
}

const hexOf = (digest: string): string => digest.replace("sha256:", "");
