import type { Cluster } from "ioredis";
import { formatNode, type RedisAddress } from "./address.ts";
import { connectCluster } from "./connection.ts";
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
  readonly #onState: OnPushing;
  readonly #listeners: KeyChangesListener[] = [];
  /** By `host:port` of the primary. */
  readonly #nodes = new Map<string, NodeKeyChanges>();
  /** Why a primary does not push, by its `host:port`. */
  readonly #silent = new Map<string, string>();
  #cluster: Cluster | undefined;
  #state: string | undefined;
  #pushing = false;

  constructor(address: RedisAddress, prefixes: readonly string[], onState: OnPushing) {
    this.#address = address;
    this.#prefixes = prefixes;
    this.#onState = onState;
  }

  get pushing(): boolean {
    return this.#pushing;
  }

  listen(listener: KeyChangesListener): void {
    this.#listeners.push(listener);
    if (this.#cluster === undefined) this.#connect();
    else if (this.#pushing) listener.onUnknown();
  }

  async settled(): Promise<void> {
    if (!this.#pushing) throw new Error("changes are not pushed");
    await Promise.all([...this.#nodes.values()].map((node) => node.settled()));
  }

  stop(): void {
    this.#listeners.length = 0;
    this.#cluster?.disconnect();
    for (const node of this.#nodes.values()) node.stop();
    this.#nodes.clear();
  }

  #connect(): void {
    // Why is reported by the connection that commands go over.
    const onDown = (): void => {
      if (this.#nodes.size === 0) this.#report("the connection to Redis is down");
    };
    this.#cluster = connectCluster(this.#address, { onDown });
    this.#cluster.on("refresh", () => this.#follow());
  }

  /** Listen to the nodes that are primaries now, and to no others. */
  #follow(): void {
    if (this.#listeners.length === 0) return;
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
      changes.listen({
        onChanged: (keys) => {
          for (const listener of this.#listeners) listener.onChanged(keys);
        },
        onUnknown: () => {
          for (const listener of this.#listeners) listener.onUnknown();
        },
      });
    }
    this.#reportNodes();
  }

  #reportNodes(): void {
    const [reason] = this.#silent.values();
    // A node that was just found is silent for a moment; the first word about the cluster waits for it.
    if (this.#state === undefined && reason === "the connection to Redis is down") return;
    this.#report(reason);
  }

  /** @param reason why not all changes are pushed; undefined where they are. */
  #report(reason: string | undefined): void {
    this.#pushing = reason === undefined;
    const state = reason ?? "pushing";
    if (state === this.#state) return;
    this.#state = state;
    this.#onState(this.#pushing, reason ?? "");
  }
}
