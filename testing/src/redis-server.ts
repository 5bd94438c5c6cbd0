import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { freePort } from "./ports.ts";

/** A real redis-server of a test's own, on a free port, with its data in a temporary folder. */
export interface TestRedis {
  readonly port: number;
  /** Where its data is. */
  readonly folder: string;
  /** A client of the test's own, not the one under test. */
  readonly client: Redis;
  /** End the server as a crash would; its data folder stays. */
  crash(): Promise<void>;
  /** Start it again on the same port after {@link crash}. */
  restart(): Promise<void>;
  /** Freeze or thaw the server process: connections stay open, nothing answers. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

/**
 * Start a redis-server and wait until it answers.
 *
 * @param options further command-line options, such as `["--maxmemory", "1mb"]`.
 */
export async function startRedis(options: readonly string[] = []): Promise<TestRedis> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-redis-"));
  const password = options[options.indexOf("--requirepass") + 1];
  let server: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const base = [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--dir",
      folder,
      "--appendonly",
      "yes",
      "--save",
      "",
    ];
    server = spawn("redis-server", [...base, ...options], { stdio: "ignore" });
    await once(server, "spawn");
  };
  const kill = async (): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const exit = once(server, "exit");
    server.kill("SIGKILL");
    await exit;
  };

  await start();
  const client = new Redis({
    port,
    host: "127.0.0.1",
    protocol: 2,
    retryStrategy: () => 20,
    maxRetriesPerRequest: null,
    ...(options.includes("--requirepass") && password !== undefined ? { password } : {}),
  });
  client.on("error", () => {});
  await client.ping();
  return {
    port,
    folder,
    client,
    crash: kill,
    async restart() {
      await start();
      while ((await client.ping().catch(() => "")) !== "PONG") await sleep(20);
    },
    freeze: () => void server?.kill("SIGSTOP"),
    thaw: () => void server?.kill("SIGCONT"),
    async stop() {
      client.disconnect();
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
