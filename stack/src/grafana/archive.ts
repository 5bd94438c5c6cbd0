import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../lock.ts";
import { Problem } from "../problem.ts";
import { type DownloadLimits, download } from "./download.ts";
import { GRAFANA_VERSION } from "./version.ts";

const PLATFORMS: Record<string, string> = { linux: "linux", darwin: "darwin" };
const ARCHITECTURES: Record<string, string> = { x64: "amd64", arm64: "arm64" };
const PARTIAL = "partial-";

/** Where the official archive comes from and goes to. */
export interface ArchiveSource {
  /** Address of the folder that holds the archives. */
  readonly url: string;
  /** Folder that unpacked archives are kept in. */
  readonly cache: string;
  readonly limits?: DownloadLimits;
}

/** Name of the official archive for this machine, without its ending. */
export function archiveName(): string {
  const platform = PLATFORMS[process.platform];
  const architecture = ARCHITECTURES[process.arch];
  if (platform === undefined || architecture === undefined) {
    throw new Problem(`there is no archive of Grafana for ${process.platform} on ${process.arch}`);
  }
  return `grafana-${GRAFANA_VERSION}.${platform}-${architecture}`;
}

/**
 * The official archive, unpacked; downloaded and checked against the SHA-256 published beside it where the
 * cache does not hold it yet. A folder in the cache is always whole: it gets its name last.
 *
 * @throws Problem that says what went wrong.
 */
export async function unpackedArchive(
  { url, cache, limits }: ArchiveSource,
  signal: AbortSignal,
  detail: (text: string) => void,
): Promise<string> {
  const name = archiveName();
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const onWait = (pid: number): void => detail(`process ${pid} is downloading it; waiting`);
  await withLock(join(cache, `${name}.lock`), { onWait, signal }, async () => {
    if (existsSync(folder)) return;
    await removePartial(cache);
    const partial = join(cache, `${PARTIAL}${randomUUID()}`);
    await mkdir(partial);
    try {
      const archive = join(partial, "archive.tar.gz");
      await download(`${url.replace(/\/$/, "")}/${name}.tar.gz`, archive, { signal, detail, limits });
      detail("unpacking");
      await unpack(archive, join(partial, "unpacked"));
      await rename(join(partial, "unpacked"), folder);
    } finally {
      await rm(partial, { recursive: true, force: true });
    }
  });
  return folder;
}

/** What a download that was killed left behind. */
async function removePartial(cache: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    if (entry.startsWith(PARTIAL)) await rm(join(cache, entry), { recursive: true, force: true });
  }
}

async function unpack(archive: string, folder: string): Promise<void> {
  await mkdir(folder);
  // Loaded when needed: most starts unpack nothing.
  const { extract } = await import("tar");
  try {
    await extract({ file: archive, cwd: folder, strip: 1, strict: true });
  } catch (error) {
    throw new Problem(`the archive of Grafana cannot be unpacked: ${(error as Error).message}`);
  }
}
