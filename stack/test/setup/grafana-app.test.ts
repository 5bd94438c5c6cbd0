import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { waitFor } from "@gaugelet/testing/wait";
import { beforeEach, expect, test } from "vitest";
import { Progress } from "../../src/progress.ts";
import { setupGrafanaApp, setupGrafanaAppPackages } from "../../src/setup/grafana-app.ts";
import { isAlive, temporaryFolder } from "../support.ts";

/** As webpack does: notes each build, and writes what is served. */
const BUILD = `
const fs = require("fs");
fs.appendFileSync("builds", "built\\n");
if (fs.readFileSync("src/module.tsx", "utf8").includes("mistake")) {
  console.error("module.tsx is wrong in line 1");
  process.exit(1);
}
if (fs.readFileSync("src/module.tsx", "utf8").includes("slow")) {
  fs.writeFileSync("pid", String(process.pid));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300_000);
}
fs.rmSync("dist", { recursive: true, force: true });
fs.mkdirSync("dist");
fs.writeFileSync("dist/module.js", require("part").text + process.version);
`;

let folder: string;
const quiet = new Progress(process.stderr);
quiet.line = () => {};

const write = async (name: string, content: unknown): Promise<void> => {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
};
const read = (name: string): Promise<string> => readFile(join(folder, name), "utf8");
const setUp = (): Promise<string> => setupGrafanaApp({ folder, progress: quiet });
const builds = async (): Promise<number> => (await read("builds")).trim().split("\n").length;

beforeEach(async () => {
  folder = await temporaryFolder();
  const dependencies = { part: "file:part" };
  await write("package.json", {
    name: "app",
    version: "1.0.0",
    dependencies,
    scripts: { build: "node build" },
  });
  await write("package-lock.json", {
    name: "app",
    version: "1.0.0",
    lockfileVersion: 3,
    packages: {
      "": { name: "app", version: "1.0.0", dependencies },
      "node_modules/part": { resolved: "part", link: true },
      part: { version: "1.0.0" },
    },
  });
  await write("part/package.json", {
    name: "part",
    version: "1.0.0",
    scripts: { postinstall: "node -e \"require('fs').writeFileSync('script-ran', '')\"" },
  });
  await write("part/index.js", 'exports.text = "built by ";');
  await write("build.js", BUILD);
  await write("src/module.tsx", "one");
});

test("the app is installed and built once, on this Node, and again where its sources changed", async () => {
  expect(await setUp()).toBe(join(folder, "dist"));
  expect(await read("dist/module.js")).toBe(`built by ${process.version}`);
  await setUp();
  expect(await builds()).toBe(1);
  await write("src/pages/page.test.tsx", "a test is not built");
  await setUp();
  expect(await builds()).toBe(1);
  await write("src/pages/page.tsx", "new");
  await setUp();
  expect(await builds()).toBe(2);
  await rm(join(folder, "src/pages/page.tsx"));
  await setUp();
  expect(await builds()).toBe(3);
  await write(".config/webpack/webpack.config.ts", "other");
  await setUp();
  expect(await builds()).toBe(4);
});

test("no package runs a script of its own", async () => {
  await setupGrafanaAppPackages({ folder, progress: quiet });
  await read("node_modules/.package-lock.json");
  await expect(read("part/script-ran")).rejects.toThrow("ENOENT");
  await expect(builds()).rejects.toThrow("ENOENT");
});

test("what somebody built by hand is not taken for built from these sources", async () => {
  await setUp();
  await rm(join(folder, "dist"), { recursive: true });
  await write("dist/module.js", "by hand");
  await setUp();
  expect(await read("dist/module.js")).toBe(`built by ${process.version}`);
});

test("two that want it at once build it once", async () => {
  await Promise.all([setUp(), setUp(), setUp()]);
  expect(await builds()).toBe(1);
});

test("a build that fails says why, and is done again at the next time", async () => {
  await setUp();
  await write("src/module.tsx", "mistake");
  await expect(setUp()).rejects.toThrow(/npm failed[\s\S]*module\.tsx is wrong in line 1/);
  await expect(setUp()).rejects.toThrow("npm failed");
  await write("src/module.tsx", "two");
  await setUp();
  expect(await builds()).toBe(4);
});

test("a build that is stopped leaves nothing running, and is done at the next time", async () => {
  await write("src/module.tsx", "slow");
  const stop = new AbortController();
  const building = setupGrafanaApp({ folder, progress: quiet, signal: stop.signal });
  const pid = Number(await waitFor("the build to begin", async () => (await read("pid")) || undefined));
  stop.abort();
  await expect(building).rejects.toThrow("aborted");
  await waitFor("its end", () => !isAlive(pid));
  await write("src/module.tsx", "fast");
  await setUp();
  expect(await read("dist/module.js")).toBe(`built by ${process.version}`);
});

test("packages that cannot be had are a problem with npm's own words", async () => {
  const dependencies = { gone: "1.0.0" };
  const gone = {
    version: "1.0.0",
    resolved: "http://127.0.0.1:1/gone.tgz",
    integrity: `sha512-${"A".repeat(86)}==`,
  };
  const [name, version] = ["app", "1.0.0"];
  await write("package.json", { name, version, dependencies });
  const packages = { "": { name, version, dependencies }, "node_modules/gone": gone };
  await write("package-lock.json", { name, version, lockfileVersion: 3, packages });
  await write(".npmrc", "fetch-retries=0\n");
  await expect(setUp()).rejects.toThrow(/npm failed \(exit code \d+\)\. [\s\S]*ECONNREFUSED/);
});
