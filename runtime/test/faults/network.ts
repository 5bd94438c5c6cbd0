import { execFileSync } from "node:child_process";

/** Of the runtime, and of the server: in namespaces of their own, so that nobody else sees these addresses. */
const ADDRESSES = ["10.77.0.1", "10.77.0.2"] as const;

let made = 0;

/**
 * Two places with a network of their own between them that can be cut: without a word, as a cable is pulled out
 * somewhere on the way, so that neither side is told. Needs root.
 */
export class CutNetwork {
  /** A program and its arguments that something is started by, to be at the place. */
  readonly atRuntime: readonly string[];
  readonly atServer: readonly string[];
  /** The server's address. */
  readonly address = ADDRESSES[1];
  readonly #namespaces: readonly [runtime: string, server: string];

  constructor() {
    made += 1;
    const name = `gl-${process.pid}-${made}`;
    this.#namespaces = [`${name}-a`, `${name}-b`];
    for (const namespace of this.#namespaces) {
      ip("netns", "add", namespace);
      ip("-n", namespace, "link", "set", "lo", "up");
    }
    const [a, b] = this.#namespaces;
    ip("-n", a, "link", "add", "veth", "type", "veth", "peer", "name", "veth", "netns", b);
    for (const [index, namespace] of this.#namespaces.entries()) {
      ip("-n", namespace, "addr", "add", `${ADDRESSES[index]}/24`, "dev", "veth");
      ip("-n", namespace, "link", "set", "veth", "up");
    }
    this.atRuntime = ["ip", "netns", "exec", a];
    this.atServer = ["ip", "netns", "exec", b];
  }

  /** Everything that is sent goes to a card that is not there. */
  cut(): void {
    for (const [index, namespace] of this.#namespaces.entries()) {
      const other = ADDRESSES[1 - index] ?? "";
      const nowhere = ["lladdr", "02:00:00:00:00:99", "dev", "veth", "nud", "permanent"];
      ip("-n", namespace, "neigh", "replace", other, ...nowhere);
    }
  }

  mend(): void {
    for (const [index, namespace] of this.#namespaces.entries()) {
      ip("-n", namespace, "neigh", "del", ADDRESSES[1 - index] ?? "", "dev", "veth");
    }
  }

  remove(): void {
    for (const namespace of this.#namespaces) ip("netns", "del", namespace);
  }
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });
}
