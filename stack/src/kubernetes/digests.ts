// npm run kubernetes:digests: asks the registries for the digests of an overlay's images, by their tags, and writes them
// into its kustomization.yaml. With --check it asks nobody, and fails where a digest is still to be said.
//
// Usage: npm run kubernetes:digests -- [--check] [folder]
import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { Problem, runCommand } from "../problem.ts";
import { OverlayImages } from "./image-digests.ts";
import { digestOf } from "./registry.ts";

await runCommand(main);

async function main(): Promise<void> {
  const program = new Command("npm run kubernetes:digests --")
    .argument("[folder]", "of an overlay", "kustomize/overlays/prod")
    .option("--check", "fail where a digest is still to be said, and change nothing", false)
    .parse();
  const [folder] = program.processedArgs as [string];
  const overlay = await OverlayImages.read(folder);
  if (program.opts<{ check: boolean }>().check) check(overlay, folder);
  else await fill(overlay);
}

function check({ file, open }: OverlayImages, folder: string): void {
  if (open.length === 0) return;
  throw new Problem(
    `${file}: these images have no digest yet: ${open.join(", ")}.\n` +
      `Set newName and newTag to images that your nodes can pull, then run\n` +
      `    npm run kubernetes:digests -- ${folder}`,
  );
}

async function fill(overlay: OverlayImages): Promise<void> {
  const digests: string[] = [];
  for (const [index, { name, tag }] of overlay.images.entries()) {
    if (tag === undefined) {
      throw new Problem(
        `${overlay.file}: images[${index}] (${name}): expected newTag, to ask for its digest`,
      );
    }
    digests.push(await digestOf(`${name}:${tag}`));
    console.log(`${name}:${tag}  ${digests.at(-1)}`);
  }
  await writeFile(overlay.file, overlay.withDigests(digests));
}
