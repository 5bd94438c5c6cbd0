import { createHash } from "node:crypto";
import { glob, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "../lock.ts";
import { ROOT, TOOLS_FOLDER } from "../root.ts";
import { progressOf, type SetupContext } from "./context.ts";
import { packagesAreInstalled, runNpm } from "./npm.ts";

/** What to set up, and where; the default is the app of this checkout. */
export interface GrafanaAppSetup extends SetupContext {
  /** Folder of the app's sources. */
  readonly folder?: string;
}

/** The app's sources; it has packages of its own, as Grafana's are made for another TypeScript and React. */
export const GRAFANA_APP = join(ROOT, "grafana", "app");

const LOG = "grafana-app";
/** In what is built: the digest of what it was built from. A build by hand takes it away. */
const NOTE = ".gaugelet-sources";
/** What a build is made from, by glob. */
const SOURCES = [
  "package.json",
  "package-lock.json",
  "*.config.ts",
  "*.md",
  "tsconfig.json",
  ".config/**",
  "src/**",
];
const NOT_BUILT = /\.test\.tsx?$/;

/**
 * Make sure that the packages are there, which the app is built and tested with.
 *
 * @throws Problem with what npm says, where they cannot be installed.
 */
export async function setupGrafanaAppPackages(setup: GrafanaAppSetup = {}): Promise<void> {
  const folder = setup.folder ?? GRAFANA_APP;
  if (await packagesAreInstalled(folder)) return;
  await alone(setup, () => install(folder, setup));
}

/**
 * Make sure that Grafana's app is built from its present sources.
 *
 * @returns the folder that Grafana loads.
 * @throws Problem with the last lines of npm or webpack, where it cannot be built.
 */
export async function setupGrafanaApp(setup: GrafanaAppSetup = {}): Promise<string> {
  const folder = setup.folder ?? GRAFANA_APP;
  const built = join(folder, "dist");
  if (await isCurrent(folder, built)) return built;
  await alone(setup, async () => {
    if (await isCurrent(folder, built)) return;
    await install(folder, setup);
    await progressOf(setup).step("build Grafana's app", async (step) => {
      const digest = await digestOfSources(folder);
      // Nothing that is half built may be taken for whole.
      await rm(join(built, NOTE), { force: true });
      await runNpm({ folder, args: ["run", "build"], log: LOG, step, signal: setup.signal });
      await writeFile(join(built, NOTE), digest);
    });
  });
  return built;
}

/** One process at a time: npm begins by deleting what is there, and so does webpack. */
async function alone(setup: GrafanaAppSetup, work: () => Promise<void>): Promise<void> {
  const progress = progressOf(setup);
  await mkdir(TOOLS_FOLDER, { recursive: true });
  const onWait = (pid: number): void => progress.line(`process ${pid} is building Grafana's app; waiting`);
  await withLock(join(TOOLS_FOLDER, "grafana-app.lock"), { onWait, signal: setup.signal }, work);
}

async function install(folder: string, setup: GrafanaAppSetup): Promise<void> {
  if (await packagesAreInstalled(folder)) return;
  await progressOf(setup).step("install the npm packages of Grafana's app", async (step) => {
    // None needs its scripts: what is native, as swc, comes as a package of its own.
    const options = ["--ignore-scripts", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
    await runNpm({ folder, args: ["ci", ...options], log: LOG, step, signal: setup.signal });
  });
}

async function isCurrent(folder: string, built: string): Promise<boolean> {
  const noted = await readFile(join(built, NOTE), "utf8").catch(() => undefined);
  return noted !== undefined && noted === (await digestOfSources(folder));
}

async function digestOfSources(folder: string): Promise<string> {
  const files: string[] = [];
  for await (const entry of glob(SOURCES, { cwd: folder, withFileTypes: true })) {
    if (entry.isFile() && !NOT_BUILT.test(entry.name)) files.push(join(entry.parentPath, entry.name));
  }
  const hash = createHash("sha256");
  for (const file of files.toSorted()) {
    hash
      .update(`${file.slice(folder.length)}\0`)
      .update(await readFile(file))
      .update("\0");
  }
  return hash.digest("hex");
}
