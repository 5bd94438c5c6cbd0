import { chmod, mkdir, mkdtemp, readFile, readlink, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { bringCode } from "../../src/packages/bring-code.ts";
import { Installer } from "../../src/packages/dependencies/installer.ts";
import { packagesFolder } from "../../src/packages/prepare.ts";
import { packFiles } from "../../src/packages/upload/pack.ts";

const log = pino({ level: "silent" });
const signal = AbortSignal.any([]);
const path = process.env.PATH;
let folder: string;
let stateFolder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-installer-"));
  stateFolder = join(folder, "state");
  await mkdir(stateFolder);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  process.env.PATH = path;
  await rm(folder, { recursive: true, force: true });
});

/** A program that stands for an installer. */
async function program(name: string, lines: readonly string[]): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, ["#!/bin/sh", ...lines, ""].join("\n"));
  await chmod(file, 0o755);
  return file;
}

/** A Python whose pip notes the requirements that it is given, and does something besides. */
function python(more = ":"): Promise<string> {
  return program("python", [
    `while [ $# -gt 0 ]; do case $1 in --target) mkdir -p "$2";; --requirement) cat "$2" > "${folder}/told";; esac; shift; done`,
    more,
  ]);
}

const installer = (python: string): Installer => new Installer({ isAllowed: true, stateFolder, python });

/** An unpacked package. */
async function unpacked(files: Record<string, string>): Promise<string> {
  const directory = join(await packagesFolder(stateFolder), "digest");
  await mkdir(directory);
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

test("pip is given what was read of the requirements, and not the file", async () => {
  const directory = await unpacked({
    "requirements.txt": "\uFEFF# coding: utf-7\r\na==1 # why\r\n\r\nb \\\r\n  >=2",
  });
  const kind = { language: "python", handler: "handler.handler" } as const;
  const code = { directory, file: null, version: "1" };
  expect(await installer(await python()).librariesOf(code, kind, log, signal)).not.toBeNull();
  expect(await readFile(join(folder, "told"), "utf8")).toBe("\na==1\n\nb   >=2\n");
});

test("modules find the packages of this release of Node, where there were those of another", async () => {
  await program("npm", ["mkdir node_modules"]);
  process.env.PATH = `${folder}:${path}`;
  const directory = await unpacked({ "package.json": '{"dependencies":{"a":"1"}}' });
  const modules = join(directory, "node_modules");
  await symlink(join(stateFolder, "environments/of-another/node_modules"), modules);
  const kind = { language: "javascript", handler: "handler.handler" } as const;
  const code = { directory, file: null, version: "1" };
  for (const _time of ["first", "again"]) {
    const libraries = await installer("python3").librariesOf(code, kind, log, signal);
    expect(await readlink(modules)).toBe(`${libraries}/node_modules`);
  }
});

test("what brings its modules needs no packages, and no npm", async () => {
  const directory = await unpacked({ "package.json": '{"dependencies":{"a":"1","b":"git+https://host/b"}}' });
  await mkdir(join(directory, "node_modules"));
  // No npm is there.
  process.env.PATH = folder;
  const kind = { language: "javascript", handler: "handler.handler" } as const;
  const code = { directory, file: null, version: "1" };
  expect(await installer("python3").librariesOf(code, kind, log, signal)).toBeNull();
});

test("an installation that takes too long says so", async () => {
  await program("npm", ["exec sleep 30"]);
  process.env.PATH = `${folder}:${path}`;
  const directory = await unpacked({ "package.json": '{"dependencies":{"a":"1"}}' });
  const kind = { language: "javascript", handler: "handler.handler" } as const;
  const code = { directory, file: null, version: "1" };
  const impatient = new Installer({
    isAllowed: true,
    stateFolder,
    python: "python3",
    patienceMinutes: 0.001,
  });
  await expect(impatient.librariesOf(code, kind, log, signal)).rejects.toMatchObject({
    name: "PackageError",
    message: expect.stringContaining("it took longer than 0.001 minutes"),
  });
});

test("of what npm says the reason is told, and the same one each time", async () => {
  await program("npm", [
    "echo 'npm error code EUSAGE' >&2",
    "echo 'npm error' >&2",
    "echo 'npm error Missing: a@1.0.0 from lock file' >&2",
    'for line in 1 2 3 4 5 6 7 8 9; do echo "npm error usage $line" >&2; done',
    'echo "npm error A complete log of this run can be found in: $$.log" >&2',
    "exit 1",
  ]);
  process.env.PATH = `${folder}:${path}`;
  const directory = await unpacked({ "package.json": '{"dependencies":{"a":"1"}}' });
  const kind = { language: "javascript", handler: "handler.handler" } as const;
  const code = { directory, file: null, version: "1" };
  const reason = async (): Promise<string> =>
    await installer("python3")
      .librariesOf(code, kind, log, signal)
      .then(String, (error: Error) => error.message);
  const told = await reason();
  expect(told).toContain("npm error code EUSAGE\nnpm error Missing: a@1.0.0 from lock file\n");
  expect(await reason()).toBe(told);
});

test("of what pip says the versions that cannot be together are told", async () => {
  const conflict =
    "The conflict is caused by:\\n    The user requested a==1\\n    The user requested (constraint) a==2\\n";
  const fails = `if [ -f "${folder}/told" ]; then printf '${conflict}\\nTo fix this\\n'; echo 'ERROR: conflicting' >&2; exit 1; fi`;
  const directory = await unpacked({ "requirements.txt": "a==1" });
  const kind = { language: "python", handler: "handler.handler" } as const;
  const code = { directory, file: null, version: "1" };
  await expect(installer(await python(fails)).librariesOf(code, kind, log, signal)).rejects.toThrow(
    "ERROR: conflicting\nThe conflict is caused by:\n    The user requested a==1\n    The user requested (constraint) a==2",
  );
});

test("that nothing is installed is told once of a function's code", async () => {
  const directory = await unpacked({ "requirements.txt": "a" });
  const kind = { language: "python", handler: "handler.handler" } as const;
  const lines: string[] = [];
  const logOfFunction = pino({}, { write: (line: string) => lines.push(line) });
  const refusing = new Installer({ isAllowed: false, stateFolder, python: "python3" });
  const told = [];
  for (const version of ["1", "1", "2"]) {
    await refusing.librariesOf({ directory, file: null, version }, kind, logOfFunction, signal);
    told.push(lines.length);
  }
  expect(told).toEqual([1, 1, 2]);
});

test("that packages are installed is told once, however often that fails", async () => {
  await program("npm", [`if [ -e "${folder}/mended" ]; then mkdir node_modules; else exit 1; fi`]);
  process.env.PATH = `${folder}:${path}`;
  const directory = await unpacked({ "package.json": '{"dependencies":{"a":"1"}}' });
  const kind = { language: "javascript", handler: "handler.handler" } as const;
  const lines: string[] = [];
  const logOfFunction = pino({}, { write: (line: string) => lines.push(JSON.parse(line).msg) });
  const trying = installer("python3");
  const code = { directory, file: null, version: "1" };
  for (const _time of ["first", "again"])
    await expect(trying.librariesOf(code, kind, logOfFunction, signal)).rejects.toThrow(
      "cannot be installed",
    );
  await writeFile(join(folder, "mended"), "");
  await trying.librariesOf(code, kind, logOfFunction, signal);
  expect(lines).toEqual([
    "installing the packages that the function names",
    expect.stringMatching(/^packages installed in /),
  ]);
});

test("installers are told whom to trust, and no secrets", async () => {
  await program("npm", [`env > "${folder}/environment"`, "mkdir node_modules"]);
  vi.stubEnv("PATH", `${folder}:${path}`);
  vi.stubEnv("NODE_EXTRA_CA_CERTS", "/ours.pem");
  vi.stubEnv("GAUGELET_SECRET_KEY", "secret");
  const directory = await unpacked({ "package.json": '{"dependencies":{"a":"1"}}' });
  const kind = { language: "javascript", handler: "handler.handler" } as const;
  await installer("python3").librariesOf({ directory, file: null, version: "1" }, kind, log, signal);
  const environment = await readFile(join(folder, "environment"), "utf8");
  expect(environment).toContain("NODE_EXTRA_CA_CERTS=/ours.pem");
  expect(environment).not.toContain("secret");
});

test("code counts as used before its packages are installed", async () => {
  const zip = join(folder, "code.zip");
  const files = { "handler.py": "", "requirements.txt": "a\n" };
  await writeFile(
    zip,
    await packFiles(new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)]))),
  );
  const bring = async (python: string) =>
    await bringCode(
      { source: { kind: "path", path: zip }, language: "python", handler: "handler.handler" },
      {
        stateFolder,
        installer: installer(python),
        readPackage: () => Promise.reject(new Error("there is none")),
      },
      log,
      signal,
    );
  const { directory } = await bring(await python());
  await rm(join(stateFolder, "environments"), { recursive: true });
  await utimes(directory, 0, 0);
  await bring(await python(`find "${directory}" -maxdepth 0 -mtime +1 > "${folder}/unused"`));
  expect(await readFile(join(folder, "unused"), "utf8")).toBe("");
});
