// Runs a TypeScript program of this repository on the pinned Node, after setting up what it needs.
// Plain JavaScript without dependencies: this file is what a fresh clone runs first, on the machine's own Node.
//
// Usage: node scripts/launch.mjs [--with-python] program.ts [argument …]
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pinnedNode = join(
  root,
  "node_modules",
  "node",
  "bin",
  process.platform === "win32" ? "node.exe" : "node",
);
const [ownMajor = 0] = process.versions.node.split(".").map(Number);
if (ownMajor < 18) {
  console.error(`gaugelet: Node ${process.versions.node} is too old to start with; install Node 20 or later`);
  process.exit(1);
}

installPackages();
const programArguments = process.argv.slice(2);
if (programArguments[0] === "--with-python") {
  programArguments.shift();
  const setup = spawnSync(pinnedNode, [join(root, "stack/src/setup/main.ts"), "python"], {
    stdio: "inherit",
    cwd: root,
  });
  if (setup.status !== 0) process.exit(setup.status ?? 1);
}
runProgram(programArguments);

/** Install the npm packages of the lock file, unless they are there already. */
function installPackages() {
  const stamp = join(root, "node_modules", ".gaugelet-lock-digest");
  const digest = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(pinnedNode) && existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  console.error("gaugelet: installing npm packages (once, about a minute)");
  // npm start sets npm_config_* variables; a nested npm must decide for itself.
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("npm_")),
  );
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    env: environment,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (npm.error !== undefined || npm.status !== 0 || !existsSync(pinnedNode)) {
    console.error(
      `gaugelet: npm ci failed${npm.error === undefined ? "" : `: ${npm.error.message}`}; see above, then run the command again`,
    );
    process.exit(1);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
}

/** Run the program, pass signals on, and end as it ends. */
function runProgram(args) {
  const child = spawn(pinnedNode, args, {
    stdio: "inherit",
    env: { ...process.env, GAUGELET_LAUNCHER_PID: String(process.pid) },
  });
  // From a terminal Ctrl-C reaches the whole group, the child too: waiting is all there is to do here. A
  // signal sent to this process alone has to be passed on; a child that gets it twice ignores the second.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`gaugelet: ${pinnedNode} could not be started: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    process.exit(code ?? 128 + (signal === null ? 1 : (constants.signals[signal] ?? 1)));
  });
}
