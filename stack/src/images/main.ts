// npm run images: builds the images of this commit with buildah, podman or docker, whichever is there.
//
// Usage: npm run images -- [image …] [--tag dev] [-- further arguments of the builder]
//
// The images that ours are made from can be others: NODE_IMAGE, PYTHON_IMAGE and GRAFANA_IMAGE.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { Command } from "commander";
import { Problem } from "../problem.ts";
import { ROOT } from "../root.ts";
import { buildArguments, findBuilder } from "./builder.ts";
import { fullName, IMAGES } from "./images.ts";

const run = promisify(execFile);

try {
  await main();
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const names = IMAGES.map(({ name }) => name);
  const program = new Command("npm run images --")
    .argument("[images...]", `of ${names.join(", ")}; all unless said`)
    .option("--tag <tag>", "tag of the images", "dev")
    .option("--build-argument <argument...>", "further arguments of the builder, such as --network=host", [])
    .parse();
  const chosen = program.args.length === 0 ? names : program.args;
  const unknown = chosen.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Problem(`there is no image ${unknown}; there is ${names.join(", ")}`);
  const { tag, buildArgument } = program.opts<{ tag: string; buildArgument: string[] }>();
  const builder = findBuilder();
  const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { version: string };
  const [revision, time] = await commit();
  const options = { tag, time, version, revision, further: buildArgument };
  for (const image of IMAGES.filter(({ name }) => chosen.includes(name))) {
    console.log(`── ${fullName(image, tag)}, with ${builder.name}`);
    const child = spawn(builder.command, buildArguments(builder, image, options), {
      cwd: ROOT,
      stdio: "inherit",
      env: { ...process.env, SOURCE_DATE_EPOCH: String(time) },
    });
    const [code] = (await once(child, "exit")) as [number | null];
    if (code !== 0) throw new Problem(`${fullName(image, tag)} could not be built`);
  }
}

/** What is checked out: its name, and when it was made in Unix seconds. */
async function commit(): Promise<[revision: string, time: number]> {
  const { stdout } = await run("git", ["log", "-1", "--format=%H %ct"], { cwd: ROOT }).catch(() => {
    throw new Problem("git cannot tell which commit this is: images are built from a clone");
  });
  const [revision = "", time = ""] = stdout.trim().split(" ");
  return [revision, Number(time)];
}
