/**
 * Names of the keys that the runtime and the exporter agree on in Redis.
 *
 * The braces in some names make a Redis Cluster keep a function's keys in the slot of its output key, so
 * that one script can write them together.
 */

/** Hash: output key → {@link OutputEntry} as JSON. How readers discover outputs. */
export const OUTPUTS_KEY = "gaugelet:outputs";

/** The saved `env` of an output key: bytes only the function's own worker reads. */
export function envKey(outputKey: string): string {
  return `gaugelet:env:{${outputKey}}`;
}

/** Hash: source of events → position of the newest event whose result is stored. */
export function positionKey(outputKey: string): string {
  return `gaugelet:position:{${outputKey}}`;
}

/** The answer to a call that was sent under a name of its caller's, for as long as it is kept. */
export function answerKey(outputKey: string, idempotencyKey: string): string {
  return `gaugelet:answer:{${outputKey}}:${idempotencyKey}`;
}

/** Who is at such a call, which nobody else makes meanwhile. */
export function callKey(outputKey: string, idempotencyKey: string): string {
  return `gaugelet:call:{${outputKey}}:${idempotencyKey}`;
}

/**
 * Hash: who owns a function, and the fencing token that its stores carry.
 *
 * @param outputKey as the function's definition says it, with the shard's placeholder where there are shards.
 */
export function leaseKey(outputKey: string): string {
  return `gaugelet:lease:{${outputKey}}`;
}

/** Sorted set: events that failed and are tried again, by when that is due in Unix milliseconds. */
export function delayedKey(outputKey: string): string {
  return `gaugelet:delayed:{${outputKey}}`;
}

/** Sorted set: ids of events that were handled, where their producers gave them any, by when that was. */
export function seenKey(outputKey: string): string {
  return `gaugelet:seen:{${outputKey}}`;
}

/** Stream: events that failed for good. */
export function deadLetterKey(functionName: string): string {
  return `gaugelet:dead:${functionName}`;
}

/** The output key of a function whose manifest names none. */
export function defaultOutputKey(functionName: string): string {
  return `gaugelet:output:${functionName}`;
}

/** Hash: topic → how it was made, as JSON. Of a topic that was deleted, where its positions go on. */
export const TOPICS_KEY = "gaugelet:topics";

/** What the keys of all topics begin with. */
export const TOPIC_PREFIX = "gaugelet:topic:";

/** Stream: the events of a topic. */
export function topicKey(topic: string): string {
  return TOPIC_PREFIX + topic;
}

/** Sorted set: ids of instances of the runtime, by when each was last seen in Unix milliseconds. */
export const INSTANCES_KEY = "gaugelet:instances";

/** What an instance of the runtime says of itself, as JSON; it is gone a few seconds after the instance is. */
export function instanceKey(id: string): string {
  return `gaugelet:instance:${id}`;
}

/** Stream: what calls came to and used, on its way into SQL. */
export const RUNS_KEY = "gaugelet:runs";

/** Hash: what calls used while {@link RUNS_KEY} was full, by day, owner, function, class and unit as JSON. */
export const RUNS_USAGE_KEY = "gaugelet:runs:usage";

/** Number of a writer's last step that added to {@link RUNS_KEY}, so that it is not added twice. */
export function recordedKey(writer: string): string {
  return `gaugelet:recorded:${writer}`;
}

/** Stream: calls that were accepted by the API and that nobody waits for. */
export const INVOCATIONS_KEY = "gaugelet:invocations";

/**
 * The run that a user's call with an idempotency key became, for as long as it is known.
 *
 * @param name of the user and the key.
 */
export function invocationKey(functionName: string, name: string): string {
  return `gaugelet:invocation:${functionName}:${name}`;
}

/** Whether an output must not be stored at this key: one of our own, other than the default output keys. */
export function isReservedKey(key: string): boolean {
  return key.startsWith("gaugelet:") && !key.startsWith(defaultOutputKey(""));
}
