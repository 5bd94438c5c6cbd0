import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { fromBufferPromise } from "yauzl";
import { ZipFile } from "yazl";
import { PackageError } from "../packages/package.ts";
import { type CheckUpload, type Upload, UploadError } from "./upload.ts";

const MTIME = new Date(1980, 0, 1);
const ENDING = { python: /\.py$/, javascript: /\.[cm]?js$/, typescript: /\.[cm]?[jt]s$/ } as const;

/** A check that looks whether the entry point's file is there. */
export const simpleCheck: CheckUpload = async (upload, { language, handler }) => {
  const files = new Map([...(await filesOf(upload))].sort(([one], [other]) => (one < other ? -1 : 1)));
  const module = handler.slice(0, handler.lastIndexOf(".")).replaceAll(".", "/");
  const isThere = [...files.keys()].some(
    (path) => ENDING[language].test(path) && path.replace(ENDING[language], "") === module,
  );
  if (!isThere) {
    const message = `expected the module ${module} of ${handler}, found ${[...files.keys()].join(", ")}`;
    throw new UploadError([
      { severity: "error", file: "", line: null, column: null, message, rule: "entry-point" },
    ]);
  }
  const zip = new ZipFile();
  const hash = createHash("sha256");
  for (const [path, content] of files) {
    zip.addBuffer(content, path, { mtime: MTIME, mode: 0o100644, forceDosTimestamp: true });
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  zip.end();
  const packed = await buffer(zip.outputStream);
  return { zip: packed, digest: hash.digest("hex"), files: [...files.keys()], findings: [] };
};

async function filesOf(upload: Upload): Promise<Map<string, Buffer>> {
  if (upload.kind === "url") throw new PackageError("expected files or zip: nothing is fetched from a url");
  if (upload.kind === "files") {
    for (const path of upload.files.keys()) {
      if (path === "" || path.startsWith("/") || path.split("/").includes("..")) {
        throw new PackageError(`${JSON.stringify(path)} is refused: expected a path inside the package`);
      }
    }
    return new Map([...upload.files].map(([path, content]) => [path, Buffer.from(content)]));
  }
  const files = new Map<string, Buffer>();
  try {
    const archive = await fromBufferPromise(Buffer.from(upload.zip), { lazyEntries: true });
    for await (const entry of archive.eachEntry()) {
      if (entry.fileName.endsWith("/")) continue;
      files.set(entry.fileName, await buffer(await archive.openReadStreamPromise(entry)));
    }
  } catch (error) {
    throw new PackageError(`the zip is not a zip that can be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return files;
}
