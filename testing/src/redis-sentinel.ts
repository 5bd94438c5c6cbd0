import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort } from "./ports.ts";
import { startRedis, type TestRedis } from "./redis-server.ts";
import { waitFor } from "./wait.ts";

/** A primary, its replica, and three Sentinels that watch them. */
export interface TestSentinels {
  /** What the Sentinels call the primary. */
  readonly name: string;
  readonly ports: readonly number[];
  /** Clients of the test's own, one of each Sentinel. */
  readonly clients: readonly Redis[];
  /** The one that is the primary at first, and the one that takes over. */
  readonly primary: TestRedis;
  readonly replica: TestRedis;
  /** Wait until the replica has taken over, which needs the primary to be gone. */
  failedOver(): Promise<void>;
  stop(): Promise<void>;
}

/** @param password what the Sentinels themselves ask for. */
export async function startSentinels(password?: string): Promise<TestSentinels> {
  const name = "gauges";
  const primary = await startRedis();
  const replica = await startRedis(["--replicaof", "127.0.0.1", String(primary.port)]);
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-sentinel-"));
  const sentinels: ChildProcess[] = [];
  const clients: Redis[] = [];
  const ports: number[] = [];
  for (let count = 0; count < 3; count += 1) {
    const port = await freePort();
    const file = join(folder, `sentinel-${count}.conf`);
    const lines = [
      `port ${port}`,
      "bind 127.0.0.1",
      `dir ${folder}`,
      `sentinel monitor ${name} 127.0.0.1 ${primary.port} 2`,
      `sentinel down-after-milliseconds ${name} 1000`,
      `sentinel failover-timeout ${name} 5000`,
      ...(password === undefined ? [] : [`requirepass ${password}`]),
    ];
    await writeFile(file, lines.join("\n"));
    sentinels.push(spawn("redis-server", [file, "--sentinel"], { stdio: "ignore" }));
    const client = new Redis({
      port,
      host: "127.0.0.1",
      protocol: 2,
      retryStrategy: () => 20,
      maxRetriesPerRequest: null,
      ...(password === undefined ? {} : { password }),
    });
    client.on("error", () => {});
    clients.push(client);
    ports.push(port);
  }
  const stateOf = async (client: Redis): Promise<Record<string, string>> => {
    const pairs = (await client.call("SENTINEL", "MASTER", name)) as string[];
    return Object.fromEntries(pairs.flatMap((key, at) => (at % 2 === 0 ? [[key, pairs[at + 1] ?? ""]] : [])));
  };
  await waitFor("the Sentinels know each other and the replica", async () => {
    const states = await Promise.all(clients.map(stateOf));
    return states.every((state) => state["num-other-sentinels"] === "2" && state["num-slaves"] === "1");
  });
  return {
    name,
    ports,
    clients,
    primary,
    replica,
    async failedOver() {
      await waitFor(
        "the replica has taken over",
        async () => {
          const states = await Promise.all(clients.map(stateOf));
          return (
            states.every(({ port }) => port === String(replica.port)) &&
            (await replica.client.info("replication")).includes("role:master")
          );
        },
        50,
      );
    },
    async stop() {
      for (const client of clients) client.disconnect();
      for (const sentinel of sentinels) {
        const ended = once(sentinel, "exit");
        sentinel.kill("SIGKILL");
        await ended;
      }
      await replica.stop();
      await primary.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
