import { describeAddress } from "@gaugelet/shared/redis/address";
import { connectRedis } from "@gaugelet/shared/redis/connection";
import { pino } from "pino";
import { readPlace } from "../configuration/environment.ts";
import { DeadLetters } from "../dead-letters/dead-letters.ts";
import { openTopics } from "../topics/open.ts";
import { TopicError, type Topics } from "../topics/topics.ts";
import { requireKnown } from "./known-function.ts";

/** Where topics and dead letters are. */
export interface Place {
  readonly topics: Topics;
  readonly deadLetters: DeadLetters;
  /** @throws Error where there is no function of this name, as far as can be seen. */
  readonly requireKnown: (name: string) => Promise<void>;
}

/**
 * Do something there, and close all connections after it.
 *
 * @throws ConfigurationError that says which variable is wrong, and what `act` throws.
 */
export async function withPlace(
  environment: NodeJS.ProcessEnv,
  act: (place: Place) => Promise<void>,
): Promise<void> {
  const configuration = readPlace(environment);
  const topics = await openTopics(configuration, pino({ enabled: false }));
  const redis = connectRedis(configuration.redis, {}, { maxRetriesPerRequest: 3, enableOfflineQueue: true });
  try {
    await act({
      topics,
      deadLetters: new DeadLetters(redis),
      requireKnown: (name) => requireKnown(redis, name),
    });
  } catch (error) {
    const { name, message } = error as Error;
    // Where topics are on Kafka, what functions could not handle is in Redis all the same.
    const isOfRedis = topics.engine === "redis" || name === "MaxRetriesPerRequestError";
    if (!isOfRedis || redis.status === "ready" || error instanceof TopicError) throw error;
    const place = describeAddress(configuration.redis);
    const what = message.startsWith("cannot ") ? message : "there is no connection to Redis";
    throw new Error(`${what}: start it at ${place}, or set REDIS_HOST and REDIS_PORT`, { cause: error });
  } finally {
    redis.disconnect();
    await topics.stop();
  }
}
