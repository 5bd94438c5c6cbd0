import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { CodeSource } from "../configuration/manifest.ts";
import { download } from "./download.ts";
import { describeSource, type FunctionPackage, PackageError } from "./package.ts";
import { unpackZip } from "./zip.ts";

/**
 * Bring a function's code onto the disk: a file or a folder is used where it is, a zip is unpacked.
 *
 * @param stateFolder where unpacked zips are kept, one folder per content.
 * @throws PackageError that says what is wrong with the source.
 */
export async function preparePackage(source: CodeSource, stateFolder: string): Promise<FunctionPackage> {
  if (source.kind === "path") return preparePath(source.path, stateFolder);
  const zip = source.kind === "url" ? await download(source.url) : decodeBase64(source.text);
  return prepareZip(zip, describeSource(source), stateFolder);
}

async function preparePath(path: string, stateFolder: string): Promise<FunctionPackage> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new PackageError(
      `${path} does not exist; put the function there or set FUNCTION_FILE, FUNCTION_ZIP or source`,
    );
  }
  if (found.isDirectory()) {
    return { directory: path, file: null, version: await versionOf(await codeFiles(path), path) };
  }
  const content = await readFile(path).catch((error: Error) => {
    throw new PackageError(`${path} cannot be read: ${error.message}`, { cause: error });
  });
  if (content.length === 0)
    throw new PackageError(`${path} is empty; it should define def handler(input, context)`);
  if (path.endsWith(".zip")) return prepareZip(content, path, stateFolder);
  return {
    directory: dirname(path),
    file: path,
    version: await versionOf(await filesOf(path), dirname(path)),
  };
}

async function prepareZip(zip: Buffer, name: string, stateFolder: string): Promise<FunctionPackage> {
  const version = digest(zip);
  const directory = join(stateFolder, "packages", version);
  await unpackZip(zip, name, directory);
  return { directory, file: null, version };
}

function decodeBase64(text: string): Buffer {
  const compact = text.replace(/\s+/g, "");
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(compact)) {
    throw new PackageError("the base64 text has characters that are not base64");
  }
  return Buffer.from(compact, "base64");
}

async function versionOf(files: readonly string[], folder: string): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files.toSorted()) {
    hash.update(relative(folder, file)).update("\0");
    try {
      hash.update(await readFile(file)).update("\0");
    } catch (error) {
      throw new PackageError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
    }
  }
  return hash.digest("hex").slice(0, 12);
}

/** The files below a folder that make up its code. Hidden ones, such as an editor's or a `.venv`, do not. */
export async function codeFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => !entry.isDirectory() && /\.(py|json|ya?ml|txt|csv)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/(^|[\\/])(\.|__pycache__)/.test(relative(folder, file)));
}

/** A single file that is a function, and the modules beside it, which it may import. */
export async function filesOf(file: string): Promise<string[]> {
  const folder = dirname(file);
  const entries = await readdir(folder, { withFileTypes: true });
  const siblings = entries
    .filter((entry) => !entry.isDirectory() && /^[^.].*\.py$/.test(entry.name))
    .map((entry) => join(folder, entry.name));
  return [...new Set([file, ...siblings])];
}

function digest(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 12);
}
