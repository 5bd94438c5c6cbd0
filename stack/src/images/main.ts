// npm run images: builds the images of what is checked out, or of another commit, with buildah, podman or docker, whichever is there.
//
// Usage: npm run images -- [image …] [--tag dev] [--commit v1.2.3] [--build-argument …]
//
// The images that ours are made from can be others: NODE_IMAGE, PYTHON_IMAGE and GRAFANA_IMAGE.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Command } from "commander";
import { x as extract } from "tar";
import { Problem, runCommand } from "../problem.ts";
import { ROOT } from "../root.ts";
import { buildArguments, findBuilder } from "./builder.ts";
import { forgetBuild } from "./forget-build.ts";
import { fullName, IMAGES, type Image } from "./images.ts";

const run = promisify(execFile);

await runCommand(main);

async function main(): Promise<void> {
  const names = IMAGES.map(({ name }) => name);
  const program = new Command("npm run images --")
    .argument("[images...]", `of ${names.join(", ")}; all unless said`)
    .option("--tag <tag>", "tag of the images", "dev")
    .option("--commit <commit>", "build this commit, or tag, in place of what is checked out")
    .option("--build-argument <argument...>", "further arguments of the builder, such as --network=host", [])
    .parse();
  const chosen = program.args.length === 0 ? names : program.args;
  const unknown = chosen.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Problem(`there is no image ${unknown}; there is ${names.join(", ")}`);
  const { tag, buildArgument, commit } = program.opts<{
    tag: string;
    buildArgument: string[];
    commit?: string;
  }>();
  const images = IMAGES.filter(({ name }) => chosen.includes(name));
  if (commit === undefined) return await buildAll(images, ROOT, "HEAD", tag, buildArgument);
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-commit-"));
  try {
    await unpack(commit, folder);
    await buildAll(images, folder, commit, tag, buildArgument);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @param root the folder of the sources, which are those of the commit. */
async function buildAll(
  images: readonly Image[],
  root: string,
  commit: string,
  tag: string,
  further: readonly string[],
): Promise<void> {
  const builder = findBuilder();
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  const [revision, time] = await nameAndTime(commit);
  for (const image of images) {
    console.log(`── ${fullName(image, tag)}, with ${builder.name}`);
    const args = buildArguments(builder, image, { tag, root, time, version, revision, further });
    const child = spawn(builder.command, args, {
      cwd: root,
      stdio: "inherit",
      env: { ...process.env, SOURCE_DATE_EPOCH: String(time) },
    });
    const [code] = (await once(child, "exit")) as [number | null];
    if (code !== 0) throw new Problem(`${fullName(image, tag)} could not be built`);
    if (builder.name !== "docker") await forgetBuild(builder, fullName(image, tag));
  }
}

/** A commit's whole name, and when it was made in Unix seconds. */
async function nameAndTime(commit: string): Promise<[revision: string, time: number]> {
  const { stdout } = await run("git", ["log", "-1", "--format=%H %ct", commit], { cwd: ROOT }).catch(() => {
    throw new Problem(`git has no commit ${commit}: images are built from a clone with its history`);
  });
  const [revision = "", time = ""] = stdout.trim().split(" ");
  return [revision, Number(time)];
}

/** The files of a commit, in an empty folder. */
async function unpack(commit: string, folder: string): Promise<void> {
  await nameAndTime(commit);
  const archive = join(folder, "sources.tar");
  await run("git", ["archive", `--output=${archive}`, commit], { cwd: ROOT });
  await extract({ file: archive, cwd: folder });
  await rm(archive);
}
