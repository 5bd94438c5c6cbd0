import { Cluster, type Redis } from "ioredis";
import { formatNode } from "./address.ts";
import type { RedisClient } from "./connection.ts";

/**
 * The keys that match a pattern, some at a time; in a cluster those of all primaries. As with SCAN itself a key
 * may come twice, and one that is written meanwhile may be missed.
 *
 * @param count keys that one step looks at: about a millisecond of Redis' time for 10,000.
 * @param signal looked at between the steps.
 */
export async function* scanKeys(
  client: RedisClient,
  pattern: string,
  count: number,
  signal: AbortSignal,
): AsyncGenerator<readonly string[]> {
  const servers = client instanceof Cluster ? await primariesOf(client) : [client];
  for (const server of servers) {
    let cursor = "0";
    do {
      signal.throwIfAborted();
      let keys: string[];
      [cursor, keys] = await server.scan(cursor, "MATCH", pattern, "COUNT", count);
      yield keys;
    } while (cursor !== "0");
  }
}

/** All primaries that have slots: one that is away would be missed without a word. */
async function primariesOf(cluster: Cluster): Promise<Redis[]> {
  const ranges = await cluster.cluster("SLOTS");
  const connected = new Map(cluster.nodes("master").map((node) => [nameOf(node.options), node]));
  const names = new Set(ranges.map(([, , primary]) => nameOf({ host: primary?.[0], port: primary?.[1] })));
  return [...names].map((name) => {
    const node = connected.get(name);
    if (node === undefined) throw new Error(`no connection to ${name}, a primary of the cluster`);
    return node;
  });
}

function nameOf({ host = "", port = 0 }: { host?: string | undefined; port?: number | undefined }): string {
  return formatNode({ host, port });
}
