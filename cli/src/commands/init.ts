import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, Option } from "commander";
import type { Context } from "../context.ts";
import { CommandFailure, cannotWrite } from "../failure.ts";
import { MANIFEST } from "../folder/manifest.ts";
import { shellArgument } from "../output.ts";

const TEMPLATES = fileURLToPath(new URL("../../templates", import.meta.url));
const NAMES = ["moving-average", "anomaly", "webhook", "topic"] as const;
const LANGUAGES = ["python", "typescript"] as const;
const FUNCTION_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

interface InitOptions {
  readonly template: string;
  readonly language: string;
  readonly name?: string;
}

export function addInit(program: Command, context: Context): void {
  program
    .command("init [folder]")
    .description("make a folder with a function to begin with")
    .addOption(new Option("--template <name>", "what it does").choices(NAMES).default(NAMES[0]))
    .addOption(
      new Option("--language <name>", "what it is written in").choices(LANGUAGES).default(LANGUAGES[0]),
    )
    .option("--name <name>", "name of the function; that of the folder unless said")
    .action(async (folder: string | undefined, { template, language, name }: InitOptions) => {
      const place = resolve(context.world.folder, folder ?? ".");
      const called = name ?? nameFrom(place);
      if (!FUNCTION_NAME.test(called)) {
        throw new CommandFailure(
          "usage",
          `${called} is no function's name: expected lower-case letters, digits and dashes`,
        );
      }
      await requireFree(place);
      await mkdir(place, { recursive: true }).catch(cannotWrite(place));
      const from = join(TEMPLATES, `${template}-${language}`);
      const files = (await readdir(from)).sort();
      for (const file of files) {
        const text = await readFile(join(from, file), "utf8");
        await writeFile(join(place, file), text.replace("FUNCTION_NAME", called), { flag: "wx" });
      }
      context.output.result({ name: called, folder: place, files }, () => [
        `function ${called} made in ${place}: ${files.join(", ")}`,
        `next: gaugelet deploy ${shellArgument(folder ?? ".")}`,
      ]);
    });
}

function nameFrom(folder: string): string {
  return basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 63);
}

/** Nothing of anybody's is written over. */
async function requireFree(folder: string): Promise<void> {
  const there = await readdir(folder).catch(() => []);
  const found = there.find((name) => name === MANIFEST || /^handler\.(py|ts)$/.test(name));
  if (found !== undefined) {
    throw new CommandFailure("failed", `${join(folder, found)} exists; choose another folder`);
  }
}
