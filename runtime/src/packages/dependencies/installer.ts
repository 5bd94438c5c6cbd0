import { execFile } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, lstat, mkdir, readFile, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { promisify } from "node:util";
import type { Logger } from "pino";
import { type CodeOnDisk, PackageError } from "../package.ts";
import { packagesFolder } from "../prepare.ts";
import { forNpm, withoutAddresses } from "./npm-packages.ts";
import {
  type CodeKind,
  NPM_LOCK,
  NPM_MANIFEST,
  NPM_MODULES,
  REQUIREMENTS,
  readDependencies,
} from "./read-dependencies.ts";
import { forPip } from "./requirements.ts";

const run = promisify(execFile);
/** Longest time that an installation may take. */
const PATIENCE_MINUTES = 10;
const MILLISECONDS_PER_MINUTE = 60_000;
const OUTPUT_BYTES = 16 * 1024 ** 2;
/** Lines of what an installer said that an error tells. */
const TOLD_LINES = 8;
/** Of npm's, what says nothing of why; the name of its log is another one each time. */
const BESIDE_THE_POINT = /^npm error(?:$| A complete log of this run)/;
/** What installers are told by the runtime's own environment: where from, through what, and whom to trust. */
const PASSED_ON =
  /^(PATH|HOME|LANG|PIP_.*|npm_config_.*|(HTTPS?|NO|ALL)_PROXY|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE)$/i;

/** Packages of others may want such, too. Older versions of npm do not know these words, and go on. */
const FROM_REGISTRY = ["git", "file", "directory"].map((kind) => `--allow-${kind}=none`);

/** What an {@link Installer} needs. */
export interface InstallerParts {
  /** Whether the operator lets functions bring packages. */
  readonly isAllowed: boolean;
  readonly stateFolder: string;
  /** The Python that functions run on. */
  readonly python: string;
  /** Longest time that an installation may take; ten minutes unless said. */
  readonly patienceMinutes?: number;
}

/** A set of packages, installed into a folder of its own. */
interface Installation {
  /** What its files and the programs that read them come to. */
  readonly key: string;
  readonly install: (folder: string, signal: AbortSignal) => Promise<void>;
}

/**
 * Installs the packages that functions name in `requirements.txt` or `package.json`: each set once, into a folder by
 * its content. Only what is ready to be used is installed, so that no code of a package runs before a function does.
 */
export class Installer {
  readonly #parts: InstallerParts;
  readonly #installing = new Map<string, Promise<void>>();
  /** Of each function, the code that it was told of last that its packages are not installed. */
  readonly #toldOf = new WeakMap<Logger, string>();
  /** Of each function, the packages whose installation it was told of last. */
  readonly #toldOfInstalling = new WeakMap<Logger, string>();
  #pythonPackages: Promise<string> | undefined;

  constructor(parts: InstallerParts) {
    this.#parts = parts;
  }

  /**
   * Have the packages that a function's code names at hand.
   *
   * @param log of the function.
   * @returns the folder that they are in; null: it names none, or none may be installed.
   * @throws PackageError where they cannot be installed.
   */
  async librariesOf(
    { directory, file, version }: CodeOnDisk,
    kind: CodeKind,
    log: Logger,
    signal: AbortSignal,
  ): Promise<string | null> {
    // What lies beside a single file is not its own.
    if (file !== null) return null;
    const texts = new Map<string, string>();
    for (const name of [REQUIREMENTS, NPM_MANIFEST, NPM_LOCK]) {
      const text = await readFile(join(directory, name), "utf8").catch(() => undefined);
      if (text !== undefined) texts.set(name, text);
    }
    const modules = join(directory, NPM_MODULES);
    // A link is one of ours.
    const hasModules = (await lstat(modules).catch(() => undefined))?.isDirectory() === true;
    const declared = readDependencies(kind, (name) => texts.get(name), hasModules);
    const isPython = declared.file === REQUIREMENTS;
    // A folder of the operator's has its node_modules beside it, or not: it is not ours to change.
    const isOurs = directory.startsWith((await packagesFolder(this.#parts.stateFolder)) + sep);
    if (declared.isEmpty || !(isPython || isOurs)) return null;
    if (!this.#parts.isAllowed) {
      // Not with each try, where it cannot be loaded without them.
      if (this.#toldOf.get(log) !== version) log.warn(`${declared.file} is not installed: ${NOT_ALLOWED}`);
      this.#toldOf.set(log, version);
      return null;
    }
    const [fault] = declared.faults;
    if (fault !== undefined) throw new PackageError(`${fault.file}: ${fault.message}`);
    const text = texts.get(declared.file) ?? "";
    const installation = isPython ? await this.#ofPython(text) : this.#ofNpm(text, texts.get(NPM_LOCK));
    const libraries = join(this.#parts.stateFolder, "environments", installation.key);
    await this.#installOnce(libraries, installation, log, signal);
    if (!isPython) await link(join(libraries, NPM_MODULES), modules);
    return libraries;
  }

  async #ofPython(requirements: string): Promise<Installation> {
    const { python } = this.#parts;
    // Modules that the warm process has imported are shared with all: another version beside them could not work.
    this.#pythonPackages ??= this.#within(AbortSignal.any([]), (signal) =>
      this.#pip(["freeze", "--all"], signal),
    );
    const constraints = await this.#pythonPackages.catch((error: unknown) => {
      this.#pythonPackages = undefined;
      throw error;
    });
    return {
      key: keyOf("python", python, constraints, requirements),
      install: async (folder, signal) => {
        const files = { constraint: `${folder}.constraints`, requirement: `${folder}.${REQUIREMENTS}` };
        try {
          await writeFile(files.constraint, constraints);
          await writeFile(files.requirement, forPip(requirements));
          const named = Object.entries(files).flatMap(([kind, file]) => [`--${kind}`, file]);
          const flags = ["--no-input", "--only-binary=:all:", "--target", folder];
          await this.#pip(["install", ...flags, ...named], signal);
        } finally {
          for (const file of Object.values(files)) await rm(file, { force: true });
        }
      },
    };
  }

  #ofNpm(manifest: string, lock: string | undefined): Installation {
    return {
      key: keyOf("npm", process.version, manifest, lock ?? ""),
      install: async (folder, signal) => {
        await mkdir(folder);
        await writeFile(join(folder, NPM_MANIFEST), forNpm(manifest));
        if (lock !== undefined) await writeFile(join(folder, NPM_LOCK), withoutAddresses(lock));
        const flags = ["--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"];
        const words = [lock === undefined ? "install" : "ci", ...flags, ...FROM_REGISTRY];
        await execute("npm", words, { cwd: folder, signal });
      },
    };
  }

  /** The pip of functions' own Python, or that of the machine on its behalf: images have none beside it. */
  async #pip(words: readonly string[], signal: AbortSignal): Promise<string> {
    const { python } = this.#parts;
    const flags = ["--disable-pip-version-check", ...words];
    try {
      return await execute(python, ["-m", "pip", ...flags], { signal });
    } catch (error) {
      if (!(error as Error).message.includes("No module named pip")) throw error;
      return await execute("python3", ["-m", "pip", "--python", python, ...flags], { signal });
    }
  }

  /** @throws PackageError where it takes too long. A registry that nobody answers for looks like this. */
  async #within<Result>(
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const { patienceMinutes = PATIENCE_MINUTES } = this.#parts;
    const timeout = AbortSignal.timeout(patienceMinutes * MILLISECONDS_PER_MINUTE);
    try {
      return await work(AbortSignal.any([signal, timeout]));
    } catch (error) {
      if (!timeout.aborted || signal.aborted) throw error;
      throw new PackageError(
        `packages cannot be installed: it took longer than ${patienceMinutes} minutes; can the registry be reached?`,
        { cause: error },
      );
    }
  }

  async #installOnce(
    folder: string,
    installation: Installation,
    log: Logger,
    signal: AbortSignal,
  ): Promise<void> {
    // One that others began may end with whoever began it: then it is begun anew.
    for (
      let others = this.#installing.get(folder);
      others !== undefined;
      others = this.#installing.get(folder)
    )
      await others.catch(() => {});
    signal.throwIfAborted();
    if (existsSync(folder)) return;
    const installing = this.#install(folder, installation, log, signal);
    this.#installing.set(folder, installing);
    try {
      await installing;
    } finally {
      this.#installing.delete(folder);
    }
  }

  async #install(folder: string, { install }: Installation, log: Logger, signal: AbortSignal): Promise<void> {
    const started = performance.now();
    // Not with each try, where they cannot be installed.
    if (this.#toldOfInstalling.get(log) !== folder)
      log.info("installing the packages that the function names");
    this.#toldOfInstalling.set(log, folder);
    await mkdir(join(this.#parts.stateFolder, "environments"), { recursive: true });
    // One that is half made must not be taken for one that is there.
    const making = `${folder}.${randomUUID()}`;
    try {
      await this.#within(signal, (limited) => install(making, limited));
      await chmod(making, 0o755);
      await rename(making, folder);
    } catch (error) {
      if (existsSync(folder)) return;
      throw error;
    } finally {
      await rm(making, { recursive: true, force: true });
    }
    log.info(`packages installed in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
}

/** Why packages are not installed, for messages. */
export const NOT_ALLOWED = "the operator does not allow it (GAUGELET_DEPENDENCIES=allow)";

function keyOf(...parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex");
}

async function execute(
  program: string,
  words: readonly string[],
  { cwd, signal }: { readonly cwd?: string; readonly signal: AbortSignal },
): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => PASSED_ON.test(name)));
  try {
    const { stdout } = await run(program, [...words], { cwd, env, signal, maxBuffer: OUTPUT_BYTES });
    return stdout;
  } catch (error) {
    signal.throwIfAborted();
    const { code, stdout = "", stderr = "" } = error as { code?: unknown; stdout?: string; stderr?: string };
    if (code === "ENOENT") throw new PackageError(`packages cannot be installed: there is no ${program}`);
    throw new PackageError(
      `packages cannot be installed: ${reasonIn(stdout, stderr) || (error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

/** What pip says of versions that cannot be together, among what it does. */
const CONFLICT = /^The conflict is caused by:\n(?: +\S.*\n)+/m;

/** Why an installer failed: pip says it last, and npm first, before how it is used. */
function reasonIn(stdout: string, stderr: string): string {
  const lines = stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !BESIDE_THE_POINT.test(line));
  const isOfNpm = lines.some((line) => line.startsWith("npm error"));
  const told = isOfNpm ? lines.slice(0, TOLD_LINES) : lines.slice(-TOLD_LINES);
  const conflict = CONFLICT.exec(stdout)?.[0].trimEnd().split("\n").slice(0, TOLD_LINES) ?? [];
  return [...told, ...conflict].join("\n");
}

/** Make a link, or lead one that is there to where it should. What else is there is the package's own. */
async function link(target: string, path: string): Promise<void> {
  const known = await readlink(path).catch((error: NodeJS.ErrnoException) => error.code);
  // Neither a link nor free.
  if (known === target || known === "EINVAL") return;
  const making = `${path}.${randomUUID()}`;
  await symlink(target, making);
  await rename(making, path);
}
