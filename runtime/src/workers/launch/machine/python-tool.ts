import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { Readable } from "node:stream";
import { pythonArguments, pythonEnvironment } from "../python-program.ts";

/** One of the worker package's tools for virtual machines, which answers each line with one of JSON. */
export class PythonTool {
  readonly pid: number;
  readonly #child: ReturnType<typeof spawn>;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;
  #complaints = "";

  constructor(python: string, ...args: readonly string[]) {
    this.#child = spawn(python, pythonArguments(...args), {
      stdio: ["pipe", "pipe", "pipe"],
      env: pythonEnvironment({}),
    });
    this.#child.on("error", (error) => {
      this.#complaints += error.message;
    });
    this.#child.stdin?.on("error", () => {});
    this.#child.stderr?.on("data", (text: Buffer) => {
      this.#complaints = (this.#complaints + text.toString()).slice(-2_000);
    });
    this.#lines = createInterface({ input: this.#child.stdout as Readable });
    this.#answers = this.#lines[Symbol.asyncIterator]();
    this.pid = this.#child.pid ?? 0;
  }

  /** @throws Error with what it says is the problem. */
  async answer(): Promise<Record<string, unknown>> {
    const { value, done } = await this.#answers.next();
    if (done === true)
      throw new Error(this.#complaints.trim().split("\n").at(-1) || "it ended without a word");
    const answer = JSON.parse(value as string) as Record<string, unknown>;
    if (typeof answer.problem === "string") throw new Error(answer.problem);
    return answer;
  }

  async ask(line: string): Promise<Record<string, unknown>> {
    this.#child.stdin?.write(`${line}\n`);
    return await this.answer();
  }

  async end(): Promise<void> {
    this.#lines.close();
    const exit = this.#child.exitCode === null && this.#child.signalCode === null && this.pid !== 0;
    this.#child.kill("SIGKILL");
    if (exit) await once(this.#child, "exit").catch(() => {});
  }
}
