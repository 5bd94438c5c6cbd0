import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { describeLog } from "../log-tail.ts";
import { Problem } from "../problem.ts";
import type { Step } from "../progress.ts";
import { TOOLS_FOLDER } from "../root.ts";

/** A tool such as apt-get or pip, run to its end. */
export interface ToolRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Where it runs; in this process' own folder, unless said. */
  readonly folder?: string;
  /** Base name of the log file that its output is added to. */
  readonly log: string;
  readonly step: Step;
  readonly signal?: AbortSignal | undefined;
  /** True where the signal ends what it started as well, which a tool such as npm would leave running. */
  readonly endsAll?: boolean;
}

/**
 * Run a tool; its output goes to a log file, and its last line shows that it is alive.
 *
 * @throws Problem with the last lines of its output where it fails.
 */
export async function runTool(run: ToolRun): Promise<void> {
  const { command, args, env, folder, log, step, signal, endsAll = false } = run;
  signal?.throwIfAborted();
  const logs = join(TOOLS_FOLDER, "logs");
  await mkdir(logs, { recursive: true });
  const file = join(logs, `${log}.log`);
  const output = createWriteStream(file, { flags: "a" });
  output.write(`$ ${command} ${args.join(" ")}\n`);
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: env ?? process.env,
    cwd: folder,
    // A group of its own, which can be ended as one.
    detached: endsAll,
  });
  const stop = (): void => void (endsAll ? endGroup(child.pid) : child.kill());
  signal?.addEventListener("abort", stop);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output.write(chunk);
      const line = chunk
        .toString()
        .split(/[\r\n]+/)
        .findLast((text) => text.trim() !== "");
      if (line !== undefined) step.detail(line);
    });
  }
  let failure: string | undefined;
  try {
    // The output's end, not the exit, so that what the tool itself started has ended too.
    const [code, killedBy] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
    if (code !== 0) failure = code === null ? `was ended by ${killedBy}` : `failed (exit code ${code})`;
  } catch (error) {
    failure = `could not be run: ${(error as Error).message}`;
  } finally {
    signal?.removeEventListener("abort", stop);
    output.end();
    await finished(output);
  }
  signal?.throwIfAborted();
  if (failure !== undefined) throw new Problem(`${command} ${failure}. ${await describeLog(file)}`);
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGTERM");
  } catch {
    // All of it has ended already.
  }
}
