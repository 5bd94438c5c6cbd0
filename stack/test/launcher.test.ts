import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@gaugelet/testing/wait";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { ROOT } from "../src/root.ts";
import { isAlive, temporaryFolder } from "./support.ts";

/** A repository with the launcher alone, whose only package is a `node` that runs this Node. */
let root: string;

beforeEach(async () => {
  root = await temporaryFolder();
  await mkdir(join(root, "scripts"));
  await cp(join(ROOT, "scripts", "launch.mjs"), join(root, "scripts", "launch.mjs"));
  await mkdir(join(root, "pinned", "bin"), { recursive: true });
  await writeFile(join(root, "pinned", "package.json"), JSON.stringify({ name: "node", version: "1.0.0" }));
  await symlink(process.execPath, join(root, "pinned", "bin", "node"));
  await writeFile(
    join(root, "package.json"),
    JSON.stringify({ name: "root", version: "1.0.0", dependencies: { node: "file:pinned" } }),
  );
  await writeFile(
    join(root, "package-lock.json"),
    JSON.stringify({
      name: "root",
      version: "1.0.0",
      lockfileVersion: 3,
      requires: true,
      packages: {
        "": { name: "root", version: "1.0.0", dependencies: { node: "file:pinned" } },
        "node_modules/node": { resolved: "pinned", link: true },
        "node_modules/for-another-system": { version: "1.0.0", optional: true },
        pinned: { name: "node", version: "1.0.0" },
      },
    }),
  );
  await writeFile(join(root, "program.ts"), PROGRAM);
});

const PROGRAM = `
const [what] = process.argv.slice(2) as [string?];
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(name, () => {
    console.log("got", name);
    setTimeout(() => process.exit(0), 100);
  });
}
// Only now: a test that reads this sends a signal at once.
console.log("launched by", process.env.GAUGELET_LAUNCHER_PID, "as", process.pid);
if (what === "exit") process.exit(7);
if (what === "crash") process.kill(process.pid, "SIGKILL");
setInterval(() => {}, 1000);
`;

interface Launch {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exit: Promise<unknown[]>;
}

function run(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Launch {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("npm_"));
  const child = spawn(command, args, {
    cwd: root,
    env: { ...Object.fromEntries(own), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, output: () => text, exit: once(child, "close") };
}

function launch(what: string, environment: NodeJS.ProcessEnv = {}): Launch {
  return run(process.execPath, ["scripts/launch.mjs", "program.ts", what], environment);
}

async function programPid({ output }: Launch): Promise<number> {
  return Number(await waitFor("the program runs", () => /as (\d+)/.exec(output())?.[1]));
}

test("packages are installed once, and the program runs on the Node among them", async () => {
  const first = launch("exit", { NODE_ENV: "production" });
  expect(await first.exit).toEqual([7, null]);
  expect(first.output()).toMatch(
    /^gaugelet: installing npm packages.*\n(?:.*\n)*gaugelet: npm packages installed \(\d+ s\)\nlaunched by (\d+)/,
  );
  expect(first.output()).toContain(`launched by ${first.child.pid}`);
  const second = launch("exit");
  expect(await second.exit).toEqual([7, null]);
  expect(second.output()).toMatch(/^launched by/);
});

test("packages are installed again where the lock file asks for others, or some are missing", async () => {
  await launch("exit").exit;
  const file = join(root, "package-lock.json");
  await writeFile(
    file,
    (await readFile(file, "utf8")).replace('"version":"1.0.0"}}}', '"version":"2.0.0"}}}'),
  );
  await writeFile(join(root, "pinned", "package.json"), JSON.stringify({ name: "node", version: "2.0.0" }));
  const changed = launch("exit");
  await changed.exit;
  expect(changed.output()).toMatch(/^gaugelet: installing/);
  await rm(join(root, "node_modules", "node"));
  const missing = launch("exit");
  await missing.exit;
  expect(missing.output()).toMatch(/^gaugelet: installing/);
});

test("two at the same time install once", async () => {
  const launches = [launch("exit"), launch("exit")];
  expect(await Promise.all(launches.map(({ exit }) => exit))).toEqual([
    [7, null],
    [7, null],
  ]);
  const outputs = launches.map(({ output }) => output()).sort();
  expect(outputs[0]).toMatch(/^gaugelet: another command is installing npm packages; waiting/);
  expect(outputs[0]).not.toContain("packages installed");
  expect(outputs[1]).toContain("packages installed");
});

test("an installation that fails says so and runs nothing", async () => {
  await writeFile(join(root, "package-lock.json"), "{}");
  const failing = launch("exit");
  expect(await failing.exit).toEqual([1, null]);
  expect(failing.output()).toMatch(/gaugelet: npm ci failed \(exit code \d+\); npm says why above/);
  expect(failing.output()).not.toContain("launched by");
});

test("a program that is killed gives the exit code that a shell would", async () => {
  expect(await launch("crash").exit).toEqual([137, null]);
});

// Without a terminal SIGINT too was sent to the launcher alone.
test.each(["SIGTERM", "SIGHUP", "SIGINT"] as const)(
  "%s is passed on, and the program's end waited for",
  async (signal) => {
    const running = launch("run");
    await programPid(running);
    running.child.kill(signal);
    expect(await running.exit).toEqual([0, null]);
    expect(running.output()).toContain(`got ${signal}\n`);
  },
);

test("the program ends when npm is killed", async () => {
  await launch("exit").exit;
  // Stands for npm: a parent that starts the launcher with npm's variables and is killed.
  const script = `"$0" scripts/launch.mjs program.ts run; true`;
  const npm = run("sh", ["-c", script, process.execPath], { npm_lifecycle_event: "start" });
  const pid = await programPid(npm);
  npm.child.kill("SIGKILL");
  await waitFor("the program is gone", () => !isAlive(pid));
  expect(npm.output()).toContain("got SIGTERM");
});
