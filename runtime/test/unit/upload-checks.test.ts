import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { allowedHostsSchema } from "../../src/configuration/allowed-hosts.ts";
import { checkUpload } from "../../src/packages/upload/check-upload.ts";
import { CodeChecks } from "../../src/packages/upload/code-checks.ts";

const urlPolicy = { allowed: allowedHostsSchema.parse("") };
let folder: string;
let python: string;
let checks: CodeChecks;

/** Python that notes when it begins and ends. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-checks-"));
  python = join(folder, "python");
  const program = resolve(".gaugelet/python/bin/python");
  await writeFile(
    python,
    `#!/bin/sh\necho begins >> ${folder}/log\n${program} "$@"\ncode=$?\necho ends >> ${folder}/log\nexit $code\n`,
    { mode: 0o755 },
  );
  checks = new CodeChecks();
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function check(text: string, handler = "handler.handler") {
  return checkUpload(
    { kind: "files", files: new Map([["handler.py", Buffer.from(text)]]) },
    { language: "python", handler },
    { python, urlPolicy, checks },
  );
}

const lines = async (): Promise<string[]> => (await readFile(join(folder, "log"), "utf8")).trim().split("\n");
const begun = async (): Promise<number> => (await lines()).filter((line) => line === "begins").length;

const CODE = "import os\ndef handler(input, context):\n    return {}\nother = handler\n";

test("equal code is looked through once, for each entry point", async () => {
  const first = await check(CODE);
  expect(first.findings).toMatchObject([{ severity: "warning", line: 1 }]);
  expect(await check(CODE)).toEqual(first);
  expect(await begun()).toBe(1);
  await check(CODE, "handler.other");
  await check(`${CODE}x = 1\n`);
  expect(await begun()).toBe(3);
});

test("code that was refused is looked through again", async () => {
  await expect(check("def handler(:\n")).rejects.toThrow();
  await expect(check("def handler(:\n")).rejects.toThrow();
  expect(await begun()).toBe(2);
});

test("no more is looked through at a time than there are processors", async () => {
  await Promise.all(
    Array.from({ length: 3 * availableParallelism() }, (_, each) => check(`${CODE}x = ${each}\n`)),
  );
  let underWay = 0;
  let most = 0;
  for (const line of await lines()) {
    underWay += line === "begins" ? 1 : -1;
    most = Math.max(most, underWay);
  }
  expect(underWay).toBe(0);
  expect(most).toBeLessThanOrEqual(availableParallelism());
});
