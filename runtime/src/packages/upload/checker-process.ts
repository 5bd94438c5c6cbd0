import { spawn } from "node:child_process";
import { once } from "node:events";
import { pythonEnvironment } from "../../workers/launch/python-program.ts";
import { PackageError } from "../package.ts";
import { CheckerOutput } from "./checker-output.ts";
import type { Finding } from "./findings.ts";
import type { CodeToCheck } from "./source-files.ts";
import type { PackageFiles } from "./upload-files.ts";

const MAX_STDERR_CHARACTERS = 4_000;
const MAX_STDOUT_BYTES = 32 * 1024 ** 2;

/** What a contained process came to. */
export interface ContainedRun {
  readonly stdout: string;
  /** The end of it. */
  readonly stderr: string;
  readonly exitCode: number | null;
  /** Why it is no whole run, in words that follow "the compiler"; undefined where it is one. */
  readonly problem: string | undefined;
}

/**
 * Run the program that looks through the modules of a package, in a process of its own with limits: compilers
 * are not made for hostile code.
 *
 * @param program what runs; null: Python's own check.
 * @param handler the entry point to look for; null: none.
 * @param about what else the program is told.
 * @returns what it found. Where it came to no end, that is an error at the file that it was looking at.
 * @throws PackageError where it cannot run at all.
 */
export async function runChecker(
  code: CodeToCheck,
  program: readonly string[] | null,
  files: PackageFiles,
  handler: string | null,
  about: object = {},
): Promise<Finding[]> {
  const described = [...files].map(([path, content]) => ({ path, bytes: content.length }));
  const head = Buffer.from(`${JSON.stringify({ handler, files: described, ...about })}\n`);
  const run = await runContained(code, program ?? [], [head, ...files.values()]);
  const output = new CheckerOutput(run.stdout);
  if (output.isDone) return output.findings;
  const reason = run.problem ?? `ended with code ${run.exitCode}`;
  if (output.file === undefined) {
    throw new PackageError(`uploads cannot be checked: the compiler ${reason}: ${reasonIn(run.stderr)}`);
  }
  return [...output.findings, output.unfinished(reason)];
}

/** What a program that failed said of it: Python's last line, or the one that Node has before its stack. */
function reasonIn(stderr: string): string {
  const lines = stderr.trimEnd().split("\n");
  return lines.findLast((line) => /^[\w.]*Error\b/.test(line)) ?? lines.at(-1) ?? "";
}

/**
 * Run a program, or Python's check, within the limits of memory and time.
 *
 * @param input what it reads from its standard input.
 * @throws PackageError where Python cannot be started.
 */
export async function runContained(
  { python, limits, signal }: CodeToCheck,
  program: readonly string[],
  input: readonly Buffer[],
): Promise<ContainedRun> {
  signal.throwIfAborted();
  const bounds = JSON.stringify({ memory: limits.checkMemoryBytes, cpu: limits.checkCpuSeconds });
  const child = spawn(python, ["-P", "-m", "gaugelet_worker.checking", bounds, ...program], {
    cwd: "/",
    env: { ...pythonEnvironment({}), LC_ALL: "C.UTF-8" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const deadline = AbortSignal.timeout(limits.checkSeconds * 1000);
  const stop = (): void => void child.kill("SIGKILL");
  const ending = AbortSignal.any([signal, deadline]);
  ending.addEventListener("abort", stop, { once: true });
  // It may end before it has read everything.
  child.stdin.on("error", () => {});
  const stdout: Buffer[] = [];
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_STDOUT_BYTES) stop();
    else stdout.push(chunk);
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_CHARACTERS);
  });
  for (const each of input) child.stdin.write(each);
  child.stdin.end();
  try {
    const [exitCode, endSignal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    signal.throwIfAborted();
    const problem = deadline.aborted
      ? `did not come to an end within ${limits.checkSeconds} s`
      : problemOf(endSignal, stderr, limits.checkCpuSeconds);
    return { stdout: Buffer.concat(stdout).toString(), stderr, exitCode, problem };
  } catch (error) {
    signal.throwIfAborted();
    throw new PackageError(
      `uploads cannot be checked: ${python} cannot be started: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  } finally {
    ending.removeEventListener("abort", stop);
    stop();
  }
}

function problemOf(signal: NodeJS.Signals | null, stderr: string, seconds: number): string | undefined {
  if (signal === "SIGXCPU") return `did not come to an end within ${seconds} s of CPU time`;
  if (/MemoryError|out of memory/i.test(stderr)) return "ran out of memory";
  return signal === null ? undefined : `was ended by ${signal}`;
}
