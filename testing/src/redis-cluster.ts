import { Cluster } from "ioredis";
import { freePort } from "./ports.ts";
import { startRedis, type TestRedis } from "./redis-server.ts";
import { waitFor } from "./wait.ts";

const SLOTS = 16_384;

/** A Redis Cluster of three primaries, of which the first has a replica. */
export interface TestCluster {
  readonly primaries: readonly TestRedis[];
  readonly replica: TestRedis;
  /** A client of the test's own, not the one under test. */
  readonly client: Cluster;
  stop(): Promise<void>;
}

/** @param options further command-line options of each server. */
export async function startCluster(options: readonly string[] = []): Promise<TestCluster> {
  const start = async (): Promise<TestRedis> =>
    startRedis([
      "--cluster-enabled",
      "yes",
      "--cluster-config-file",
      "nodes.conf",
      "--cluster-node-timeout",
      "1000",
      "--cluster-port",
      String(await freePort()),
      ...options,
    ]);
  const primaries = [await start(), await start(), await start()];
  const replica = await start();
  const servers = [...primaries, replica];
  const busOf = async ({ client }: TestRedis): Promise<string> =>
    ((await client.config("GET", "cluster-port")) as string[])[1] ?? "";
  for (const [place, { client }] of servers.entries()) {
    await client.call("CLUSTER", "SET-CONFIG-EPOCH", String(place + 1));
    if (place === primaries.length) continue;
    const from = Math.floor((SLOTS * place) / primaries.length);
    const to = Math.floor((SLOTS * (place + 1)) / primaries.length) - 1;
    await client.call("CLUSTER", "ADDSLOTSRANGE", String(from), String(to));
  }
  for (const server of servers.slice(1)) {
    const first = servers[0] as TestRedis;
    await server.client.call("CLUSTER", "MEET", "127.0.0.1", String(first.port), await busOf(first));
  }
  const agree = (expected: RegExp) => async (): Promise<boolean> => {
    const states = await Promise.all(
      servers.map(async ({ client }) => String(await client.call("CLUSTER", "INFO"))),
    );
    return states.every((state) => /cluster_state:ok/.test(state) && expected.test(state));
  };
  await waitFor("the nodes know each other", agree(/cluster_known_nodes:4/));
  const first = String(await primaries[0]?.client.call("CLUSTER", "MYID"));
  await waitFor("the replica knows its primary", () => replica.client.call("CLUSTER", "REPLICATE", first));
  await waitFor("the replica has its copy", async () =>
    (await replica.client.info("replication")).includes("master_link_status:up"),
  );
  const client = new Cluster(
    primaries.map(({ port }) => ({ host: "127.0.0.1", port })),
    { redisOptions: { protocol: 2 }, slotsRefreshInterval: 1000 },
  );
  client.on("error", () => {});
  await client.ping();
  return {
    primaries,
    replica,
    client,
    async stop() {
      client.disconnect();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}
