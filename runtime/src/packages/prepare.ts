import { createHash } from "node:crypto";
import { mkdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { CodeSource } from "../configuration/manifest.ts";
import { codeFiles, emptyHandler, filesOf } from "./code-files.ts";
import { download } from "./download.ts";
import { type CodeOnDisk, describeSource, PackageError, VERSION_DIGITS } from "./package.ts";
import { unpackZip } from "./zip.ts";

/** Code that no catalog keeps. */
export type FreeSource = Exclude<CodeSource, { readonly kind: "stored" }>;

/**
 * Bring a function's code onto the disk: a file or a folder is used where it is, a zip is unpacked.
 *
 * @param stateFolder where unpacked zips are kept, one folder per content.
 * @param signal ends a download.
 * @throws PackageError that says what is wrong with the source.
 */
export async function preparePackage(
  source: FreeSource,
  stateFolder: string,
  signal: AbortSignal = AbortSignal.any([]),
): Promise<CodeOnDisk> {
  if (source.kind === "path") return preparePath(source.path, stateFolder);
  const zip = source.kind === "url" ? await download(source.url, signal) : decodeBase64(source.text);
  return prepareZip(zip, describeSource(source), stateFolder);
}

async function preparePath(path: string, stateFolder: string): Promise<CodeOnDisk> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw new PackageError(
      `${path} does not exist; put the function there or set FUNCTION_FILE, FUNCTION_ZIP or source`,
    );
  }
  if (found.isDirectory()) {
    const files = await codeFiles(path).catch((error: Error) => {
      throw new PackageError(`${path} cannot be read: ${error.message}`, { cause: error });
    });
    return { directory: path, file: null, version: await versionOf(files, path) };
  }
  const content = await readFile(path).catch((error: Error) => {
    throw new PackageError(`${path} cannot be read: ${error.message}`, { cause: error });
  });
  if (content.length === 0)
    throw new PackageError(`${path} is empty; it should define ${emptyHandler(path)}`);
  if (path.endsWith(".zip") || isZip(content)) return prepareZip(content, path, stateFolder);
  return {
    directory: dirname(path),
    file: path,
    version: await versionOf(await filesOf(path), dirname(path)),
  };
}

/** A zip mounted from a ConfigMap has whatever name its key has. */
function isZip(content: Buffer): boolean {
  return content.subarray(0, 4).equals(Buffer.from("PK\x03\x04"));
}

async function prepareZip(zip: Buffer, name: string, stateFolder: string): Promise<CodeOnDisk> {
  const content = createHash("sha256").update(zip).digest("hex");
  const version = content.slice(0, VERSION_DIGITS);
  const directory = join(await packagesFolder(stateFolder), content);
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

/** A digest of some files; one that cannot be read, such as a link to nowhere, counts with its name. */
async function versionOf(files: readonly string[], folder: string): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files.toSorted()) {
    hash.update(relative(folder, file)).update("\0");
    hash.update(await readFile(file).catch(() => "")).update("\0");
  }
  return hash.digest("hex").slice(0, VERSION_DIGITS);
}

/**
 * The folder that unpacked zips are in, one folder per content.
 *
 * @throws PackageError where it cannot be made, or is not this user's own.
 */
export function packagesFolder(stateFolder: string): Promise<string> {
  return privateFolder(join(stateFolder, "packages"));
}

/**
 * Make sure that a folder is there and this user's own: code is run from it, and the folder above may be one
 * that everybody can write to.
 */
async function privateFolder(folder: string): Promise<string> {
  const todo = "set GAUGELET_STATE_DIR to a folder of this user's own";
  try {
    // Workers may be users of their own: they can reach what they are told of, and list nothing.
    await mkdir(folder, { recursive: true, mode: 0o711 });
    const owners = [(await stat(folder)).uid, (await stat(dirname(folder))).uid];
    // The folder above may be root's, as a mounted volume is.
    const [own, above] = owners;
    const user = process.getuid?.();
    if (user === undefined || (own === user && (above === user || above === 0))) return folder;
  } catch (error) {
    throw new PackageError(`${folder} cannot be made: ${(error as Error).message}; ${todo}`, {
      cause: error,
    });
  }
  throw new PackageError(`${folder} belongs to another user; ${todo}`);
}
