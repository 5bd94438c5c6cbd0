import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { makeZip } from "../unit/zips.ts";
import { outputOf, startFunctions, workers } from "./functions.ts";
import { PYTHON, useRuntime } from "./harness.ts";

const runtime = useRuntime();
const GOOD = "def handler(input, context):\n    return {'n': input['n']}\n";
const NEEDS = "import come_late\ndef handler(input, context):\n    return {'n': come_late.N}\n";

/** A Python environment of the test's own, on top of that of all tests. @returns its program, and where its packages are. */
async function environment(): Promise<{ readonly python: string; readonly packages: string }> {
  const folder = join(runtime.folder, "python");
  execFileSync(PYTHON, ["-m", "venv", "--without-pip", folder]);
  const python = join(folder, "bin/python");
  const packages = packagesOf(python);
  await writeFile(join(packages, "common.pth"), `${packagesOf(PYTHON)}\n`);
  return { python, packages };
}

function packagesOf(python: string): string {
  const find = "import sysconfig; print(sysconfig.get_path('purelib'), end='')";
  return execFileSync(python, ["-c", find]).toString();
}

test("a function that lacks a package is loaded once that is installed", async () => {
  const { python, packages } = await environment();
  await runtime.input({ n: 1 });
  const started = await runtime.dropIn(NEEDS, { GAUGELET_PYTHON: python });
  await started.logged(/imports 'come_late', which is not installed/);
  await writeFile(join(packages, "come_late.py"), "N = 5\n");
  expect(await runtime.output()).toEqual({ n: 5 });
});

test("a change that lacks a package takes over once that is installed", async () => {
  const { python, packages } = await environment();
  await runtime.input({ n: 1 });
  const started = await runtime.dropIn(GOOD, { GAUGELET_PYTHON: python });
  await runtime.output(({ n }) => n === 1);
  await runtime.write("handler.py", NEEDS);
  const refused = /the old version stays: .*imports 'come_late', which is not installed/;
  await started.logged(refused);
  await writeFile(join(packages, "come_late.py"), "N = 5\n");
  await started.logged("the new version took over");
  await runtime.input({ n: 2 });
  expect(await runtime.output(({ n }) => n === 5)).toEqual({ n: 5 });
  expect(started.log.filter(({ msg }) => refused.test(msg))).toHaveLength(1);
});

test("while a change is tried again and again, the version before starts whenever there is something to do", async () => {
  const until = join(runtime.folder, "until");
  const code = `import os, time
def handler(input, context):
    while not os.path.exists(${JSON.stringify(until)}):
        time.sleep(0.01)
    return {"n": 1}
`;
  const zip = (source: string): Promise<string> =>
    runtime.write("f.zip", makeZip([{ name: "f.py", content: source }]));
  const started = await startFunctions(runtime, [
    {
      name: "f",
      code,
      source: await zip(code),
      workers: { min: 0, max: 1, scaleDown: { idle: "100ms" } },
    },
  ]);
  const slow = started.call("f", {});
  await waitFor("the worker", async () => (await workers()).length === 1);
  await zip(`import come_late\n${code}`);
  await started.logged("the function changed but cannot be loaded, the old version stays");
  await writeFile(until, "");
  expect(outputOf(await slow)).toEqual({ n: 1 });
  for (let times = 0; times < 5; times += 1) {
    await waitFor("rest", async () => (await workers()).length === 0);
    expect(outputOf(await started.call("f", {}))).toEqual({ n: 1 });
  }
});
