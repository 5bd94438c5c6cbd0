import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { createInterface } from "node:readline";

/** An exporter in a process of its own. */
export class Contender {
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /**
   * Start a program and wait until it says that it listens.
   *
   * @param flags for Node.
   */
  static async start(
    program: URL,
    environment: Readonly<Record<string, string>>,
    flags: readonly string[] = [],
  ): Promise<Contender> {
    const child = spawn(process.execPath, [...flags, program.pathname], {
      env: { PATH: process.env.PATH ?? "", ...environment },
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const line of createInterface(child.stdout)) {
      const port = /"port":(\d+),"msg":"listening"/.exec(line)?.[1];
      if (port === undefined) continue;
      child.stdout.resume();
      return new Contender(child, Number(port));
    }
    throw new Error(`${program.pathname} ended before it listened`);
  }

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#port = port;
  }

  /** One scrape, from the request to the last byte. @returns milliseconds, and the text where it is wanted. */
  async scrape(
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ ms: number; bytes: number; text: () => string }> {
    const start = performance.now();
    const chunks: Buffer[] = [];
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const request = get({ port: this.#port, path: "/metrics", agent: this.#agent, headers }, (response) => {
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", resolve);
      response.on("error", reject);
    });
    request.on("error", reject);
    await promise;
    const ms = performance.now() - start;
    return {
      ms,
      bytes: chunks.reduce((sum, { length }) => sum + length, 0),
      text: () => Buffer.concat(chunks).toString(),
    };
  }

  /** CPU time of all its threads so far, in milliseconds, by the scheduler's own clock; see proc(5). */
  cpuMs(): number {
    const tasks = `/proc/${this.#child.pid}/task`;
    const nanoseconds = readdirSync(tasks).map((task) =>
      Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ")[0]),
    );
    return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
  }

  /** Memory that it holds now, in MB: all of it, and what it would give back if it ended. */
  memory(): { readonly resident: number; readonly private: number } {
    const rollup = readFileSync(`/proc/${this.#child.pid}/smaps_rollup`, "utf8");
    const megabytes = (names: RegExp): number =>
      [...rollup.matchAll(names)].reduce((sum, [, kilobytes]) => sum + (Number(kilobytes) * 1024) / 1e6, 0);
    return {
      resident: megabytes(/^Rss:\s+(\d+) kB/gm),
      private: megabytes(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm),
    };
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    const exit = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exit;
  }
}
