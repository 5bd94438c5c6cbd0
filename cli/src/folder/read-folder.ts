import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import createIgnore, { type Ignore } from "ignore";
import { CommandFailure } from "../failure.ts";

/** What no function needs, or nobody should send anywhere. */
const USUALLY_IGNORED = [
  ".git/",
  ".hg/",
  ".svn/",
  "__pycache__/",
  "*.py[cod]",
  ".venv/",
  "venv/",
  "node_modules/",
  ".env",
  ".env.*",
  ".DS_Store",
  "Thumbs.db",
  ".idea/",
  ".vscode/",
  ".pytest_cache/",
  ".gaugelet/",
  ".gitignore",
  ".gaugeletignore",
  "function.yaml",
];
const MOST_BYTES = 64 * 1024 ** 2;

/** The files of a function, by their paths with `/`, sorted. */
export type Files = ReadonlyMap<string, Buffer>;

/**
 * Read a folder, without what `.gitignore` and then `.gaugeletignore` leave out.
 *
 * @param skip hears of what is left out because it is no file.
 * @throws CommandFailure where it cannot be read, is empty or is too large.
 */
export async function readFolder(folder: string, skip: (path: string) => void): Promise<Files> {
  const ignored = createIgnore().add(USUALLY_IGNORED);
  for (const name of [".gitignore", ".gaugeletignore"]) {
    const rules = await readFile(join(folder, name), "utf8").catch(() => "");
    ignored.add(rules);
  }
  const files = new Map<string, Buffer>();
  await readInto(files, folder, "", ignored, skip);
  if (files.size === 0) throw new CommandFailure("failed", `${folder} has no file to deploy`);
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function readInto(
  files: Map<string, Buffer>,
  root: string,
  below: string,
  ignored: Ignore,
  skip: (path: string) => void,
): Promise<void> {
  const entries = await readdir(join(root, below), { withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      throw new CommandFailure("failed", `${join(root, below)} cannot be read: ${error.message}`);
    },
  );
  for (const entry of entries) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (ignored.ignores(entry.isDirectory() ? `${path}/` : path)) continue;
    if (entry.isDirectory()) await readInto(files, root, path, ignored, skip);
    else if (entry.isFile()) files.set(path, await readFile(join(root, path)));
    else skip(path);
    const bytes = [...files.values()].reduce((sum, { length }) => sum + length, 0);
    if (bytes > MOST_BYTES) {
      throw new CommandFailure(
        "failed",
        `${root} has more than 64 MiB to deploy; leave out what is not needed, in ${join(root, ".gaugeletignore")}`,
      );
    }
  }
}
