import { readFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import type { Step } from "../progress.ts";
import { runTool } from "./run-tool.ts";

/** A run of npm to its end. */
export interface NpmRun {
  /** The folder of the package.json. */
  readonly folder: string;
  readonly args: readonly string[];
  /** Base name of the log file. */
  readonly log: string;
  readonly step: Step;
  readonly signal?: AbortSignal | undefined;
}

/** Run npm on the Node of this process; as `npm start` sets variables for itself, this one decides anew. */
export async function runNpm({ args, ...run }: NpmRun): Promise<void> {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("npm_"));
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const env = { ...Object.fromEntries(own), PATH: path };
  await runTool({ ...run, command: "npm", args, env, endsAll: true });
}

/** What npm says of a package in a lock file. */
interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly devOptional?: boolean;
}

/**
 * Compare a folder's lock file with the one that npm leaves at the end of a complete installation. scripts/launch.mjs
 * does the same for the repository's own packages, before there is anything to import.
 */
export async function packagesAreInstalled(folder: string): Promise<boolean> {
  const installed = await readLock(join(folder, "node_modules", ".package-lock.json"));
  return Object.entries(await readLock(join(folder, "package-lock.json"))).every(([path, wanted]) => {
    if (path === "") return true;
    const found = installed[path];
    // Optional packages that are made for other systems are left out.
    if (found === undefined) return wanted.optional === true || wanted.devOptional === true;
    return found.version === wanted.version && found.integrity === wanted.integrity;
  });
}

async function readLock(file: string): Promise<Readonly<Record<string, LockedPackage>>> {
  try {
    const lock = JSON.parse(await readFile(file, "utf8")) as { packages?: Record<string, LockedPackage> };
    return lock.packages ?? {};
  } catch {
    return {};
  }
}
