import type { Logger } from "pino";
import type { RuntimeConfiguration } from "../configuration/environment.ts";
import type { Topics } from "./topics.ts";

/** Topics on the engine that is configured, of which nothing is loaded before. */
export async function openTopics(
  { topics, redis, kafka }: Pick<RuntimeConfiguration, "topics" | "redis" | "kafka">,
  log: Logger,
): Promise<Topics> {
  if (topics === "kafka" && kafka !== undefined) {
    const { KafkaTopics } = await import("./kafka/kafka-topics.ts");
    return new KafkaTopics(kafka);
  }
  const { RedisStreamTopics } = await import("./redis-stream/redis-stream-topics.ts");
  return new RedisStreamTopics(redis, (pushing, reason) => {
    if (pushing) log.debug("Redis tells of new events at once");
    else log.warn({ reason }, "Redis does not tell of new events for now: topics are polled");
  });
}
