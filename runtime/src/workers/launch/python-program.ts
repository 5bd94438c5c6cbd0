import { fileURLToPath } from "node:url";

/** Folder that holds the Python package `gaugelet_worker`; the same from `src` and from `dist`. */
const PYTHON_FOLDER = fileURLToPath(new URL("../../../python", import.meta.url));
/** What a worker needs of the runtime's own environment. The rest may hold secrets. */
const INHERITED = /^(PATH|HOME|LANG|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH|SSL_CERT_\w+|NODE_EXTRA_CA_CERTS)$/;

/** Numerical libraries start a thread for each processor otherwise, in every worker; a function may ask for them. */
const ONE_THREAD = { OPENBLAS_NUM_THREADS: "1", OMP_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };

/** Where Python is. */
export interface PythonProgram {
  /** The Python program. */
  readonly python: string;
}

/** Arguments that run the package `gaugelet_worker`. */
export function pythonArguments(...args: readonly string[]): string[] {
  // -P: the current folder is no place to import from by chance.
  return ["-P", "-m", "gaugelet_worker", ...args];
}

/** The whole environment of a Python process. */
export function pythonEnvironment(own: Readonly<Record<string, string>>): Record<string, string> {
  return {
    ...ONE_THREAD,
    ...workerEnvironment(own),
    PYTHONPATH: PYTHON_FOLDER,
    // Functions may lie on a read-only disk, and a stale cache must never win over a changed file.
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONUTF8: "1",
  };
}

/** The environment of a function's process: what it needs of the runtime's, and its own. */
export function workerEnvironment(own: Readonly<Record<string, string>>): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] => INHERITED.test(entry[0]) && entry[1] !== undefined,
  );
  return { ...Object.fromEntries(inherited), ...own };
}
