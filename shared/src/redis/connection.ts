import { Redis, type RedisOptions } from "ioredis";
import { z } from "zod";
import { validate } from "../configuration.ts";
import { explainRedisError } from "./explain.ts";

/** Where Redis is and how to sign in. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
}

const environmentSchema = z.object({
  REDIS_HOST: z.string().min(1).default("127.0.0.1"),
  REDIS_PORT: z.coerce.number().int().min(1).max(65_535).default(6379),
  REDIS_USERNAME: z.string().min(1).optional(),
  REDIS_PASSWORD: z.string().min(1).optional(),
  REDIS_DB: z.coerce.number().int().min(0).default(0),
});

/**
 * Read REDIS_HOST, REDIS_PORT, REDIS_USERNAME, REDIS_PASSWORD and REDIS_DB.
 *
 * @throws ConfigurationError where one of them is malformed.
 */
export function redisAddressFrom(environment: NodeJS.ProcessEnv): RedisAddress {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const values = validate(environmentSchema, set, "environment");
  return {
    host: values.REDIS_HOST,
    port: values.REDIS_PORT,
    username: values.REDIS_USERNAME,
    password: values.REDIS_PASSWORD,
    db: values.REDIS_DB,
  };
}

/** What a connection reports: each change of state once, not each attempt. */
export interface ConnectionListener {
  onUp?(): void;
  /** @param reason what happened and what to do, in words. */
  onDown?(reason: string): void;
}

/**
 * A connection that comes back by itself. While it is away commands fail at once rather than queue, so
 * that the caller decides what to keep and what to try again.
 *
 * RESP2 on purpose: with it a plain subscriber receives invalidation messages, on Redis 6 and later.
 */
export function connectRedis(
  address: RedisAddress,
  listener: ConnectionListener = {},
  extra: RedisOptions = {},
): Redis {
  const redis = new Redis({
    host: address.host,
    port: address.port,
    db: address.db,
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
    protocol: 2,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 5_000,
    disconnectTimeout: 100,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), 2_000),
    ...extra,
  });
  let reported: string | undefined;
  const down = (reason: string): void => {
    if (reported === reason) return;
    reported = reason;
    listener.onDown?.(reason);
  };
  redis.on("error", (error) => down(explainRedisError(error)));
  // Not "close": that is also what our own disconnect() ends with.
  redis.on("reconnecting", () => {
    if (reported === undefined) down("the connection closed");
  });
  redis.on("ready", () => {
    reported = undefined;
    listener.onUp?.();
  });
  return redis;
}
