import { readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { clearInterval, setInterval } from "node:timers";
import type { Logger } from "pino";
import type { FunctionPackage } from "./package.ts";

const LOOK_EVERY_MILLISECONDS = 3_600_000;
/** What nobody has used for so long is brought again where somebody does. */
const KEPT_UNUSED_MILLISECONDS = 7 * 24 * 3_600_000;
/** Folders of the state folder that have one folder per content. */
const KINDS = ["packages", "environments"] as const;

/** What {@link UnusedFolders} needs. */
export interface UnusedFoldersParts {
  readonly stateFolder: string;
  /** What workers have loaded. */
  readonly inUse: () => Iterable<FunctionPackage>;
  readonly log: Logger;
}

/**
 * Removes code that was unpacked, and packages that were installed, a week after they were last used: each version
 * that is deployed leaves its own. When a folder was last used is its time of change, so that several runtimes may
 * share a state folder.
 */
export class UnusedFolders {
  readonly #parts: UnusedFoldersParts;
  readonly #timer: NodeJS.Timeout;

  constructor(parts: UnusedFoldersParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.remove(), LOOK_EVERY_MILLISECONDS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Remove what is unused now. What cannot be removed is tried again with the next look. */
  async remove(): Promise<void> {
    const { stateFolder, inUse, log } = this.#parts;
    const used = new Set([...inUse()].flatMap(({ directory, libraries }) => [directory, libraries]));
    const removed: string[] = [];
    for (const folder of KINDS.map((kind) => join(stateFolder, kind))) {
      for (const name of await readdir(folder).catch(() => [])) {
        const path = join(folder, name);
        try {
          if (used.has(path)) await utimes(path, new Date(), new Date());
          else if (Date.now() - (await stat(path)).mtimeMs > KEPT_UNUSED_MILLISECONDS) {
            // Half of a folder must not be taken for the whole.
            const going = name.endsWith(GOING) ? path : path + GOING;
            await rename(path, going);
            await rm(going, { recursive: true, force: true });
            removed.push(name);
          }
        } catch (error) {
          log.warn({ path, err: error }, "a folder that nobody uses cannot be removed");
        }
      }
    }
    if (removed.length > 0) log.info({ removed }, "code that nobody has used for a week was removed");
  }
}

const GOING = ".going";

/** Note that code is used. */
export async function noteUsed(
  stateFolder: string,
  { directory, libraries }: Pick<FunctionPackage, "directory" | "libraries">,
): Promise<void> {
  const now = new Date();
  for (const path of [directory, libraries]) {
    const isOurs = path !== null && KINDS.some((kind) => path.startsWith(join(stateFolder, kind, "/")));
    // One that is not this user's is nobody's to remove either.
    if (isOurs) await utimes(path, now, now).catch(() => {});
  }
}
