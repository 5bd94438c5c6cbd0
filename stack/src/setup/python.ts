import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { withLock } from "../lock.ts";
import { Problem } from "../problem.ts";
import type { Step } from "../progress.ts";
import { ROOT, TOOLS_FOLDER } from "../root.ts";
import { progressOf, type SetupContext } from "./context.ts";
import { canInstallDebianPackages, installDebianPackages } from "./debian.ts";
import { findCommand } from "./find-command.ts";
import { runTool } from "./run-tool.ts";

/** What to set up, and where; the defaults are those of this checkout. */
export interface PythonSetup extends SetupContext {
  /** Add what the tests and the checks need. */
  readonly dev?: boolean;
  /** Folder of the virtual environment. */
  readonly folder?: string;
  /** Folder of requirements.txt and requirements-dev.txt. */
  readonly requirements?: string;
}

const COMMANDS = ["python3.13", "python3.12", "python3.11", "python3"];
const OLDEST = "3.11";

/**
 * Make sure that the Python environment is there, whole and with the pinned packages.
 *
 * @returns the path of its Python.
 * @throws Problem where no fit Python is there, or a package cannot be installed.
 */
export async function setupPython(setup: PythonSetup = {}): Promise<string> {
  const folder = setup.folder ?? join(TOOLS_FOLDER, "python");
  const source = setup.requirements ?? join(ROOT, "runtime", "python");
  const files = ["requirements.txt", ...(setup.dev === true ? ["requirements-dev.txt"] : [])];
  const environment = new PythonEnvironment(folder);
  const wanted = await readRequirements(source, files);
  if (await environment.holds(wanted)) return environment.python;

  const progress = progressOf(setup);
  await mkdir(dirname(folder), { recursive: true });
  const onWait = (pid: number): void => progress.line(`process ${pid} is setting up Python; waiting`);
  await withLock(`${folder}.lock`, { onWait, signal: setup.signal }, async () => {
    if (await environment.holds(wanted)) return;
    await progress.step(`set up Python with ${files.join(" and ")}`, async (step) => {
      if (await environment.runs()) {
        try {
          return await environment.install(wanted, step, setup.signal);
        } catch (error) {
          setup.signal?.throwIfAborted();
          if (!(error instanceof Problem)) throw error;
          // Perhaps the environment is to blame: once more with a fresh one.
        }
      }
      await environment.create(await findPython(step, setup.signal), step, setup.signal);
      await environment.install(wanted, step, setup.signal);
    });
  });
  return environment.python;
}

/**
 * A requirements file: its digest says whether it changed, its pins what has to be there. A pin with a marker is none
 * of these: the package may be for other systems.
 */
interface Requirements {
  readonly name: string;
  readonly path: string;
  readonly digest: string;
  readonly pins: readonly string[];
}

async function readRequirements(folder: string, names: readonly string[]): Promise<Requirements[]> {
  return await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const text = await readFile(path, "utf8");
      const pins = [...text.matchAll(/^[\w.-]+==[^\s;]+(?=\s*(?:#.*)?$)/gm)].map(([pin]) => pin);
      return { name, path, digest: createHash("sha256").update(text).digest("hex"), pins };
    }),
  );
}

/** A virtual environment, with a note of the requirements files that were installed into it. */
class PythonEnvironment {
  readonly python: string;
  readonly #folder: string;
  readonly #note: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#note = join(folder, "gaugelet-requirements.json");
    this.python = join(folder, "bin", "python");
  }

  /** True where these requirements were installed, and still are. */
  async holds(wanted: readonly Requirements[]): Promise<boolean> {
    const installed = await this.#readNote();
    if (wanted.some(({ name, digest }) => installed[name] !== digest)) return false;
    const check =
      "import sys, importlib.metadata as m\nfor pin in sys.argv[1:]:\n  name, version = pin.split('==')\n  assert m.version(name) == version";
    return await succeeds(this.python, ["-I", "-c", check, ...wanted.flatMap(({ pins }) => pins)]);
  }

  /** True where its Python runs and has pip. */
  async runs(): Promise<boolean> {
    return await succeeds(this.python, ["-I", "-c", "import pip"]);
  }

  async create(python: string, step: Step, signal: AbortSignal | undefined): Promise<void> {
    // Ctrl-C also ends the Python that was asked whether the environment runs: that says nothing against it.
    signal?.throwIfAborted();
    await rm(this.#folder, { recursive: true, force: true });
    await runTool({ command: python, args: ["-m", "venv", this.#folder], log: "python", step, signal });
  }

  async install(wanted: readonly Requirements[], step: Step, signal: AbortSignal | undefined): Promise<void> {
    const options = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"];
    const files = wanted.flatMap(({ path }) => ["-r", path]);
    const args = ["-I", "-m", "pip", "install", ...options, ...files];
    await runTool({ command: this.python, args, log: "python", step, signal });
    const digests = Object.fromEntries(wanted.map(({ name, digest }) => [name, digest]));
    await writeFile(this.#note, JSON.stringify({ ...(await this.#readNote()), ...digests }));
  }

  async #readNote(): Promise<Record<string, unknown>> {
    try {
      return JSON.parse(await readFile(this.#note, "utf8")) as Record<string, unknown>;
    } catch {
      return {};
    }
  }
}

/** A Python that is new enough and can make virtual environments; installed where that can be done here. */
async function findPython(step: Step, signal: AbortSignal | undefined): Promise<string> {
  const found = await searchPython();
  if (found !== undefined) return found;
  if (canInstallDebianPackages()) {
    await installDebianPackages([{ name: "python3-venv", services: [] }], step, signal);
    const installed = await searchPython();
    if (installed !== undefined) return installed;
  }
  throw new Problem(
    [
      `no Python ${OLDEST} or later with its module venv was found (tried ${COMMANDS.join(", ")}). Install one, then run the command again:`,
      "    Debian 12, Ubuntu 24.04 and later: sudo apt-get install python3-venv",
      "    macOS:                             brew install python@3.13",
    ].join("\n"),
  );
}

async function searchPython(): Promise<string | undefined> {
  const check = `import sys, venv, ensurepip; sys.exit(sys.version_info < (${OLDEST.replace(".", ", ")}))`;
  for (const command of COMMANDS) {
    const file = findCommand(command);
    if (file !== undefined && (await succeeds(file, ["-I", "-c", check]))) return file;
  }
  return undefined;
}

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  try {
    await promisify(execFile)(command, args, { timeout: 30_000 });
    return true;
  } catch {
    return false;
  }
}
