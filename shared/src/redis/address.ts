/** One server's address. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** What TLS is spoken with; all in PEM format. */
export interface RedisTls {
  /** Authorities of the servers' certificates; undefined: those that Node knows. */
  readonly ca: string | undefined;
  /** Our own certificate and key, for servers that ask for one. */
  readonly cert: string | undefined;
  readonly key: string | undefined;
  /** The name that certificates must have; undefined: the host that is connected to. */
  readonly serverName: string | undefined;
  /** The same with what its files hold now; where that cannot be used, as it was. */
  renewed?(): RedisTls;
}

/** Sentinels, which know the address of the primary. */
export interface RedisSentinels {
  readonly nodes: readonly RedisNode[];
  /** What they call the primary. */
  readonly name: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** Where Redis is and how to sign in. */
export interface RedisAddress extends RedisNode {
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  /** Undefined: plain TCP. Where there are Sentinels, they speak it too. */
  readonly tls?: RedisTls | undefined;
  /** The primary is where these say; `host` and `port` are those of the first of them. */
  readonly sentinels?: RedisSentinels | undefined;
  /** Some nodes of a Redis Cluster; `host` and `port` are those of the first of them. */
  readonly cluster?: readonly RedisNode[] | undefined;
}

/** Where Redis is, for people; never how to sign in. */
export function describeAddress({ host, port, sentinels, cluster }: RedisAddress): string {
  if (sentinels !== undefined) return `${sentinels.name} by Sentinel at ${listed(sentinels.nodes)}`;
  if (cluster !== undefined) return `the cluster at ${listed(cluster)}`;
  return formatNode({ host, port });
}

/** `host:port`, with brackets around an IPv6 address. */
export function formatNode({ host, port }: RedisNode): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Read `host:port`, `[IPv6]:port` or a host alone; undefined where it is none of them. */
export function parseNode(text: string, defaultPort: number): RedisNode | undefined {
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9A-Fa-f:.%]+)\]|([^:[\]\s/@]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? defaultPort : Number(digits);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

function listed(nodes: readonly RedisNode[]): string {
  return nodes.map(formatNode).join(", ");
}
