import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { waitFor } from "@gaugelet/testing/wait";
import { ROOT } from "../src/root.ts";

/** A run of `npm start`. */
export interface NpmStart {
  readonly npm: ChildProcess;
  readonly variables: Readonly<Record<string, string>>;
  /** What it has written so far. */
  readonly output: () => string;
  /** Settles when it has ended, and nothing it started writes any more. */
  readonly exit: Promise<[code: number | null, signal: NodeJS.Signals | null]>;
  /** @throws Error with its output where it does not come to be ready. */
  readonly untilReady: () => Promise<void>;
  /** Kill all of it; nothing happens where it has ended. */
  readonly kill: () => void;
}

/** Run `npm start` with its standard input closed and no terminal. */
export function startByNpm(given: Readonly<Record<string, string>>): NpmStart {
  // Without a Grafana, unless a test brings one: looking for it would ask the network.
  const variables = { GRAFANA_HOME: "/no/such/folder", ...given };
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|REDIS_|GAUGELET_|VITEST|NODE_ENV)/.test(name),
  );
  const npm = spawn("sh", ["-c", "exec npm start <&-"], {
    cwd: ROOT,
    env: { ...Object.fromEntries(own), ...variables },
    stdio: ["ignore", "pipe", "pipe"],
    // A process group of its own, as a terminal gives it.
    detached: true,
  });
  let text = "";
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  // The output's end, not the exit: npm may go before what it started.
  const exit = once(npm, "close") as NpmStart["exit"];
  return {
    npm,
    variables,
    output: () => text,
    exit,
    untilReady: async () => {
      const ended = exit.then(() => Promise.reject(new Error("npm start ended")));
      const ready = waitFor("ready", () => /^ready \([\d.]+ s\)$/m.test(text), 240);
      await Promise.race([ready, ended]).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${text}`);
      });
    },
    kill: () => {
      try {
        process.kill(-(npm.pid as number), "SIGKILL");
      } catch {
        // It has ended, as it should.
      }
    },
  };
}
