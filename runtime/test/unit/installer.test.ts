import { chmod, mkdir, mkdtemp, readFile, readlink, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
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
