// Runs a TypeScript program of this repository on the pinned Node, after setting up what it needs.
// Plain JavaScript without dependencies: this file is what a fresh clone runs first, on the machine's own Node.
//
// Usage: node scripts/launch.mjs [--with-python] program.ts [argument …]
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const windows = process.platform === "win32";
const pinnedNode = join(root, "node_modules", "node", "bin", windows ? "node.exe" : "node");

const [ownMajor = 0] = process.versions.node.split(".").map(Number);
if (ownMajor < 20) fail(`Node ${process.versions.node} is too old to start with; install Node 20 or later`);

let child;
let stopSignal;
passSignalsOn();

await installPackages();
const programArguments = process.argv.slice(2);
const environment = { ...process.env, GAUGELET_LAUNCHER_PID: String(process.pid) };
if (programArguments[0] === "--with-python") {
  programArguments.shift();
  environment.GAUGELET_PYTHON ||= join(root, ".gaugelet", "python", "bin", "python");
  const code = await run(pinnedNode, [join(root, "stack/src/setup/main.ts"), "python"], { cwd: root });
  if (code !== 0) process.exit(code);
}
process.exit(await run(pinnedNode, programArguments, { env: environment }));

/**
 * What ends this process also ends the program it runs:
 * - Ctrl-C in a terminal reaches the whole process group, the program too, so there is nothing to pass on;
 *   without a terminal SIGINT was sent to this process or to npm, which hands it down one step.
 * - SIGTERM and SIGHUP are passed on; a program that gets one twice ignores the second.
 * - npm may be killed outright, or sit behind a shell that does not pass signals on: then the parent is gone.
 */
function passSignalsOn() {
  const pass = (signal) => {
    stopSignal ??= signal;
    child?.kill(signal);
  };
  const terminal = [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY);
  process.on("SIGINT", () => {
    if (terminal) stopSignal ??= "SIGINT";
    else pass("SIGINT");
  });
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => pass(signal));

  if (process.env.npm_lifecycle_event === undefined || windows) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    pass("SIGTERM");
  }, 500);
}

/** Run a command to its end; its exit code, as a shell would give it. */
function run(command, args, options = {}) {
  if (stopSignal !== undefined) process.exit(128 + constants.signals[stopSignal]);
  return new Promise((resolve) => {
    child = spawn(command, args, { stdio: "inherit", ...options });
    child.on("error", (error) => fail(`${command} could not be started: ${error.message}`));
    child.on("exit", (code, signal) => {
      child = undefined;
      resolve(code ?? 128 + (constants.signals[signal] ?? 1));
    });
  });
}

/** Install the npm packages of the lock file, unless they are there already. */
async function installPackages() {
  if (packagesAreInstalled()) return;
  const unlock = await lockInstallation();
  process.on("exit", unlock);
  if (!packagesAreInstalled()) await cleanInstall();
  process.off("exit", unlock);
  unlock();
}

/** Compare the lock file with the one npm leaves in node_modules at the end of a complete installation. */
function packagesAreInstalled() {
  if (!existsSync(pinnedNode)) return false;
  const installed = readLockedPackages(join(root, "node_modules", ".package-lock.json"));
  const wanted = readLockedPackages(join(root, "package-lock.json"));
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === "") return true;
    const found = installed[path];
    // npm leaves out optional packages that are made for other systems.
    if (found === undefined) return entry.optional === true || entry.devOptional === true;
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

function readLockedPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages ?? {};
  } catch {
    return {};
  }
}

async function cleanInstall() {
  console.error("gaugelet: installing npm packages (once, about a minute)");
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  // In a terminal npm shows by itself that it is alive.
  const alive = setInterval(() => {
    if (!process.stderr.isTTY) console.error(`gaugelet: still installing npm packages (${seconds()} s)`);
  }, 10_000);
  const options = ["--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const code = await run("npm", ["ci", ...options], {
    cwd: root,
    env: environmentForNpm(),
    stdio: ["ignore", 2, 2],
    shell: windows,
  });
  clearInterval(alive);
  if (code !== 0) {
    if (stopSignal !== undefined) process.exit(code);
    fail(`npm ci failed (exit code ${code}); npm says why above. Then run the command again`);
  }
  if (!existsSync(pinnedNode)) {
    fail(
      `npm ci left no ${pinnedNode}; if npm is set to ignore install scripts, allow them (ignore-scripts)`,
    );
  }
  console.error(`gaugelet: npm packages installed (${seconds()} s)`);
}

/**
 * npm start sets npm_* variables, and puts node_modules/.bin first on the PATH: a nested npm must decide for
 * itself, and must not run on the Node that it is about to replace.
 */
function environmentForNpm() {
  const variables = Object.entries(process.env).filter(([name]) => !name.startsWith("npm_"));
  return Object.fromEntries(
    variables.map(([name, value]) => {
      if (name.toUpperCase() !== "PATH") return [name, value];
      const folders = value
        .split(delimiter)
        .filter((folder) => !folder.startsWith(join(root, "node_modules")));
      return [name, folders.join(delimiter)];
    }),
  );
}

/** Let one command at a time install packages: npm ci begins by deleting what is there. */
async function lockInstallation() {
  const file = join(root, ".gaugelet", "npm-install.lock");
  for (let told = false; ; told = true) {
    try {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, String(process.pid), { flag: "wx" });
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (error.code !== "EEXIST") fail(`${file} cannot be written: ${error.message}`);
    }
    if (isStale(file)) {
      rmSync(file, { force: true });
      continue;
    }
    if (!told) console.error(`gaugelet: another command is installing npm packages; waiting (${file})`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    if (stopSignal !== undefined) process.exit(128 + constants.signals[stopSignal]);
  }
}

/** A lock whose owner is gone, or that is older than any installation takes. */
function isStale(file) {
  try {
    if (Date.now() - statSync(file).mtimeMs > 15 * 60_000) return true;
    process.kill(Number(readFileSync(file, "utf8")), 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}

function fail(message) {
  console.error(`gaugelet: ${message}`);
  process.exit(1);
}
