import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { RedisAddress, RedisSentinels } from "./address.ts";
import { explainRedisError, explainSentinelError, isOfAllSentinels, type RedisHints } from "./explain.ts";
import { IS_REPLICA, LeavesReplica } from "./replica.ts";
import { tlsOptions } from "./tls.ts";

/** What commands are sent over: to one server, or to the nodes of a cluster, each to the one that has the key. */
export type RedisClient = Redis | Cluster;

/** What a connection reports: each change of state once, not each attempt. */
export interface ConnectionListener {
  onUp?(): void;
  /** @param reason what happened and what to do, in words. */
  onDown?(reason: string): void;
  /** Where the address does not come from the environment: what to do in place of looking there. */
  readonly hints?: RedisHints | undefined;
}

/** A server that says nothing for this long while it is asked is away: a network may be cut without a word. */
export const SILENCE_MILLISECONDS = 10_000;

const SENTINEL_RETRY_MILLISECONDS = 500;

const CLOSED = "the connection closed";

const retryDelay = (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 6), 2_000);

/**
 * A connection to one server, or to the primary that Sentinels name, that comes back by itself. While it is
 * away commands fail at once rather than queue, so that the caller decides what to keep and what to try again.
 */
export function connectRedis(
  address: RedisAddress,
  listener: ConnectionListener = {},
  extra: RedisOptions = {},
): Redis {
  const { sentinels } = address;
  const leaves = new LeavesReplica();
  const redis = new LastingRedis({
    ...(sentinels === undefined
      ? {
          host: address.host,
          port: address.port,
          reconnectOnError: (error: Error) => leaves.hear(error),
        }
      : sentinelOptions(sentinels, address)),
    ...nodeOptions(address),
    db: address.db,
    enableOfflineQueue: false,
    retryStrategy: retryDelay,
    ...extra,
  });
  report(
    redis,
    listener,
    sentinels === undefined
      ? (error) => explainRedisError(error, listener.hints)
      : explainBySentinels(sentinels.name),
    () => (leaves.takeLeaving() ? IS_REPLICA : CLOSED),
  );
  return redis;
}

/**
 * The library ends a client for ever where a fail-over is announced while it asks a Sentinel for the primary:
 * its detector of fail-overs stops the connector, which the client takes for an end that was asked for.
 * This one connects again unless it was our own end.
 */
class LastingRedis extends Redis {
  #ended = false;

  constructor(options: RedisOptions) {
    super({ ...options, replyMapping: "legacy" });
    hearAllErrors(this);
    this.on("end", () => {
      if (this.#ended) return;
      setTimeout(() => {
        if (!this.#ended) this.connect().catch(() => {});
      }, SENTINEL_RETRY_MILLISECONDS);
    });
  }

  override disconnect(reconnect = false): void {
    this.#ended ||= !reconnect;
    super.disconnect(reconnect);
  }
}

/**
 * The library hears of the first error of a stream alone. Another one that nobody hears of would end the process, as
 * where a certificate is refused and the server tells of it in its turn.
 */
function hearAllErrors(redis: Redis): void {
  const hear = (): unknown => redis.stream?.on("error", () => {});
  redis.on("connecting", () => setImmediate(hear));
  redis.on("connect", hear);
}

/** A connection to each node of a cluster that is needed, otherwise as {@link connectRedis}. */
export function connectCluster(
  address: RedisAddress,
  listener: ConnectionListener = {},
  extra: RedisOptions = {},
): Cluster {
  const cluster = new Cluster(
    (address.cluster ?? [address]).map(({ host, port }) => ({ host, port })),
    {
      enableOfflineQueue: false,
      clusterRetryStrategy: retryDelay,
      slotsRefreshTimeout: 2_000,
      // After a fail-over others are the primaries; only a command to the wrong one would tell of it by itself.
      slotsRefreshInterval: 5_000,
      redisOptions: { ...nodeOptions(address), ...extra },
    },
  );
  cluster.on("+node", hearAllErrors);
  report(cluster, listener, (error) =>
    // That no node could be asked is said by the reason of the last one.
    explainRedisError((error as { lastNodeError?: unknown }).lastNodeError ?? error),
  );
  return cluster;
}

/** A connection to whatever the address is of. */
export function connectAny(
  address: RedisAddress,
  listener?: ConnectionListener,
  extra?: RedisOptions,
): RedisClient {
  const connect = address.cluster === undefined ? connectRedis : connectCluster;
  return connect(address, listener, extra);
}

/** RESP2 on purpose: with it a plain subscriber receives invalidation messages, on Redis 6 and later. */
function nodeOptions({ username, password, tls }: RedisAddress) {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
    protocol: 2,
    maxRetriesPerRequest: 0,
    connectTimeout: 5_000,
    disconnectTimeout: 100,
    keepAlive: 10_000,
  } satisfies RedisOptions;
}

function sentinelOptions(
  { nodes, name, username, password }: RedisSentinels,
  { tls }: RedisAddress,
): RedisOptions {
  return {
    sentinels: nodes.map(({ host, port }) => ({ host, port })),
    name,
    role: "master",
    // They tell of a fail-over at once; a primary that hangs would otherwise keep its connections.
    failoverDetector: true,
    sentinelRetryStrategy: () => SENTINEL_RETRY_MILLISECONDS,
    sentinelCommandTimeout: 2_000,
    // What was the primary when we connected may have become a replica.
    reconnectOnError: ({ message }) => message.startsWith("READONLY"),
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    ...(tls === undefined ? {} : { sentinelTLS: tlsOptions(tls), enableTLSForSentinelMode: true }),
  };
}

/**
 * Where the primary that one Sentinel names cannot be reached, the library asks the next one, and says that none could
 * be asked once it has come to the last: the reason is the one of before then.
 */
function explainBySentinels(name: string): (error: unknown) => string | undefined {
  let wasNamed = false;
  return (error) => {
    const isOfAll = isOfAllSentinels(error);
    const isKnown = isOfAll && wasNamed;
    wasNamed = !isOfAll;
    return isKnown ? undefined : explainSentinelError(error, name);
  };
}

/** @param explain says what an error means; undefined: nothing that is not known. */
function report(
  client: RedisClient,
  listener: ConnectionListener,
  explain: (error: unknown) => string | undefined,
  whyClosed: () => string = () => CLOSED,
): void {
  let reported: string | undefined;
  const down = (reason: string): void => {
    if (reported === reason) return;
    reported = reason;
    listener.onDown?.(reason);
  };
  client.on("error", (error: unknown) => {
    // Where a server refuses us, its reason and the end of the connection race: the end says nothing then.
    const reason = explain(error);
    if (reason !== undefined && (reported === undefined || !isEndOfConnection(error))) down(reason);
  });
  // Not "close": that is also what our own disconnect() ends with.
  client.on("reconnecting", () => {
    const reason = whyClosed();
    if (reported === undefined) down(reason);
  });
  client.on("ready", () => {
    reported = undefined;
    listener.onUp?.();
  });
}

function isEndOfConnection(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ECONNRESET" || code === "EPIPE";
}
