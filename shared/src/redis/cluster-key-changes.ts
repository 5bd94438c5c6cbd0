import type { Cluster } from "ioredis";
import { formatNode, type RedisAddress } from "./address.ts";
import { connectCluster } from "./connection.ts";
import { KeyChangesHub } from "./key-changes-hub.ts";
import type { KeyChangesListener, KeyChangesSource, OnPushing } from "./key-changes-listener.ts";
import { NodeKeyChanges } from "./node-key-changes.ts";

/**
 * Hears of changed keys in a Redis Cluster. A node tells of its own keys alone, so each primary is listened
 * to, and the cluster is asked every few seconds which nodes these are: after a fail-over others.
 *
 * Changes count as pushed where all primaries push.
 */
export class ClusterKeyChanges implements KeyChangesSource {
  readonly #address: RedisAddress;
  readonly #prefixes: readonly string[];
  readonly #hub: KeyChangesHub;
  /** By `host:port` of the primary. */
  readonly #nodes = new Map<string, NodeKeyChanges>();
  /** Why a primary does not push, by its `host:port`. */
  readonly #silent = new Map<string, string>();
  #cluster: Cluster | undefined;

  constructor(address: RedisAddress, prefixes: readonly string[], onState: OnPushing) {
    this.#address = address;
    this.#prefixes = prefixes;
    this.#hub = new KeyChangesHub(onState);
  }

  get pushing(): boolean {
    return this.#hub.pushing;
  }

  listen(listener: KeyChangesListener): void {
    this.#hub.add(listener);
    if (this.#cluster === undefined) this.#connect();
  }

  async settled(): Promise<void> {
    if (!this.pushing) throw new Error("changes are not pushed");
    await Promise.all([...this.#nodes.values()].map((node) => node.settled()));
  }

  stop(): void {
    this.#hub.removeAll();
    this.#cluster?.disconnect();
    for (const node of this.#nodes.values()) node.stop();
    this.#nodes.clear();
  }

  #connect(): void {
    // Why is reported by the connection that commands go over.
    const onDown = (): void => {
      if (this.#nodes.size === 0) this.#hub.report("the connection to Redis is down");
    };
    this.#cluster = connectCluster(this.#address, { onDown });
    this.#cluster.on("refresh", () => this.#follow());
  }

  /** Listen to the nodes that are primaries now, and to no others. */
  #follow(): void {
    if (!this.#hub.isHeard) return;
    const primaries = new Map(
      this.#cluster?.nodes("master").map(({ options: { host = "", port = 0 } }) => {
        const node = { host, port };
        return [formatNode(node), node] as const;
      }),
    );
    for (const [name, node] of this.#nodes) {
      if (primaries.has(name)) continue;
      node.stop();
      this.#nodes.delete(name);
      this.#silent.delete(name);
    }
    for (const [name, node] of primaries) {
      if (this.#nodes.has(name)) continue;
      this.#silent.set(name, "the connection to Redis is down");
      const changes = new NodeKeyChanges(
        { ...this.#address, ...node, cluster: undefined },
        this.#prefixes,
        (pushing, reason) => {
          if (pushing) this.#silent.delete(name);
          else this.#silent.set(name, reason);
          this.#reportNodes();
        },
      );
      this.#nodes.set(name, changes);
      changes.listen(this.#hub);
    }
    this.#reportNodes();
  }

  #reportNodes(): void {
    const [reason] = this.#silent.values();
    // A node that was just found is silent for a moment; the first word about the cluster waits for it.
    if (!this.#hub.hasReported && reason === "the connection to Redis is down") return;
    this.#hub.report(reason);
  }
}
