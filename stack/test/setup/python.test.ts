import { execFileSync } from "node:child_process";
import { access, cp, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { Progress } from "../../src/progress.ts";
import { type PythonSetup, setupPython } from "../../src/setup/python.ts";
import { temporaryFolder } from "../support.ts";

// Writes wheels of one module each, so that nothing has to be downloaded.
const MAKE_WHEEL = `
import sys, zipfile
folder, name, version = sys.argv[1:]
info = f"{name}-{version}.dist-info"
with zipfile.ZipFile(f"{folder}/{name}-{version}-py3-none-any.whl", "w") as wheel:
    wheel.writestr(f"{name}.py", f"version = {version!r}\\n")
    wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(f"{info}/RECORD", f"{name}.py,,\\n{info}/METADATA,,\\n{info}/WHEEL,,\\n{info}/RECORD,,\\n")
`;

let requirements: string;
/** An environment as setupPython leaves it; making one takes seconds, so tests begin with copies. */
let pristine: string;
let setup: PythonSetup & { folder: string };
let steps: string;

beforeAll(async () => {
  // Where it is set, every run of pip compiles itself anew.
  vi.stubEnv("PYTHONDONTWRITEBYTECODE", "");
  const root = await mkdtemp(join(tmpdir(), "gaugelet-python-"));
  requirements = join(root, "requirements");
  await mkdir(requirements);
  for (const [name, version] of [
    ["plain", "1.0"],
    ["plain", "2.0"],
    ["extra", "1.0"],
  ] as const) {
    execFileSync("python3", ["-c", MAKE_WHEEL, requirements, name, version]);
  }
  await require("requirements.txt", "plain==1.0");
  await require("requirements-dev.txt", "extra==1.0");
  pristine = join(root, "python");
  await setupPython({ folder: pristine, requirements, progress: newProgress() });
  return () => rm(root, { recursive: true });
});
beforeEach(async () => {
  setup = { folder: join(await temporaryFolder(), "python"), requirements, progress: newProgress() };
  await require("requirements.txt", "plain==1.0");
  await cp(pristine, setup.folder, { recursive: true, verbatimSymlinks: true });
});
afterAll(() => vi.unstubAllEnvs());

function newProgress(): Progress {
  const stream = new PassThrough();
  steps = "";
  stream.on("data", (chunk: Buffer) => {
    steps += chunk.toString();
  });
  return new Progress(stream);
}

async function require(file: string, pin: string): Promise<void> {
  const options = `--no-index\n--find-links ${requirements}\n`;
  await writeFile(join(requirements, file), `${options}${pin}\n`);
}

function versionOf(module: string, python: string): string {
  return execFileSync(python, ["-c", `import ${module}; print(${module}.version)`], {
    encoding: "utf8",
  }).trim();
}

test("the environment is made once; a second time nothing is done", async () => {
  await rm(setup.folder, { recursive: true });
  const python = await setupPython(setup);
  expect(versionOf("plain", python)).toBe("1.0");
  // Where it takes long, it says so now and then.
  expect(steps).toMatch(/^(?:\.{3} .*\n)*ok {6}set up Python with requirements\.txt \(.* s\)\n$/);
  steps = "";
  expect(await setupPython(setup)).toBe(python);
  expect(steps).toBe("");
});

test("a package for some systems alone is no reason to do it again", async () => {
  await require("requirements.txt", 'plain==1.0\nextra==1.0; sys_platform == "nowhere"\nextra==1.0 ; python_version > "3"');
  await setupPython(setup);
  steps = "";
  await setupPython(setup);
  expect(steps).toBe("");
});

test("a stop while the environment is looked at does not delete it", async () => {
  await require("requirements.txt", "plain==2.0");
  const [python, asked] = [join(setup.folder, "bin", "python"), join(setup.folder, "asked")];
  await rm(python);
  // As Ctrl-C in a terminal does, which ends this too.
  const script = `#!/bin/sh\ntouch '${asked}'\nwhile [ -e '${asked}' ]; do sleep 0.05; done\nexit 130\n`;
  await writeFile(python, script, { mode: 0o755 });
  const stopping = new AbortController();
  const stopped = expect(setupPython({ ...setup, signal: stopping.signal })).rejects.toThrow(/aborted/);
  await waitFor("the look", () =>
    access(asked).then(
      () => true,
      () => false,
    ),
  );
  stopping.abort();
  await rm(asked);
  await stopped;
  await access(join(setup.folder, "pyvenv.cfg"));
});

test("what the tests need is added to it, and stays when only the rest is asked for", async () => {
  const python = await setupPython({ ...setup, dev: true });
  expect(versionOf("extra", python)).toBe("1.0");
  steps = "";
  await setupPython(setup);
  await setupPython({ ...setup, dev: true });
  expect(steps).toBe("");
});

test("changed requirements are installed into the same environment, once where two want it", async () => {
  const made = (await stat(join(setup.folder, "pyvenv.cfg"))).ino;
  await require("requirements.txt", "plain==2.0");
  const [python] = await Promise.all([setupPython(setup), setupPython(setup)]);
  expect(versionOf("plain", python)).toBe("2.0");
  expect((await stat(join(setup.folder, "pyvenv.cfg"))).ino).toBe(made);
  expect(steps.match(/^ok/gm)).toHaveLength(1);
  expect(steps).toContain(`process ${process.pid} is setting up Python; waiting`);
});

test.each([
  ["without its Python", (folder: string) => rm(join(folder, "bin", "python"))],
  ["without pip, cut off in the middle", cutOff],
])("an environment %s is made anew", async (_, damage) => {
  await damage(setup.folder);
  const python = await setupPython(setup);
  expect(versionOf("plain", python)).toBe("1.0");
});

test("a package that somebody removed is installed again", async () => {
  const python = join(setup.folder, "bin", "python");
  execFileSync(python, ["-m", "pip", "uninstall", "-y", "-q", "plain"]);
  await setupPython(setup);
  expect(versionOf("plain", python)).toBe("1.0");
});

test("a package that cannot be had fails with pip's last words", async () => {
  await require("requirements.txt", "plain==3.0");
  await expect(setupPython(setup)).rejects.toThrow(
    /failed \(exit code 1\)\. Its last lines:\n(?:.*\n)*.*No matching distribution found for plain==3\.0(?:.*\n)*.*The full log: .*python\.log/,
  );
});

test("without a fit Python the error says what to install", async () => {
  const bin = join(await temporaryFolder(), "bin");
  await mkdir(bin);
  await writeFile(join(bin, "python3"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  await rm(setup.folder, { recursive: true });
  const path = process.env.PATH;
  vi.stubEnv("PATH", bin);
  const failing = setupPython(setup).finally(() => vi.stubEnv("PATH", path));
  await expect(failing).rejects.toThrow(
    /^no Python 3\.11 or later .*\n.*sudo apt-get install python3-venv\n.*brew install python@3\.13$/,
  );
});

async function cutOff(folder: string): Promise<void> {
  const lib = execFileSync(join(folder, "bin", "python"), [
    "-c",
    "import sysconfig; print(sysconfig.get_path('purelib'))",
  ]);
  await rm(lib.toString().trim(), { recursive: true });
}
