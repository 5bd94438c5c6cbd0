import { setTimeout as sleep } from "node:timers/promises";
import { TopicError } from "../topics.ts";

/** How long what may pass by itself is waited for, before it is an error. */
const PATIENCE_MILLISECONDS = 10_000;
const FIRST_RETRY_MILLISECONDS = 50;
const LONGEST_RETRY_MILLISECONDS = 1_000;

/** What a broker may answer, in its own names: https://kafka.apache.org/protocol#protocol_error_codes */
type ErrorName =
  | "UNKNOWN_TOPIC_OR_PARTITION"
  | "UNKNOWN_TOPIC_ID"
  | "INCONSISTENT_TOPIC_ID"
  | "TOPIC_ALREADY_EXISTS"
  | "INVALID_TOPIC_EXCEPTION"
  | "INVALID_PARTITIONS"
  | "INVALID_REPLICATION_FACTOR"
  | "INVALID_CONFIG"
  | "POLICY_VIOLATION"
  | "TOPIC_AUTHORIZATION_FAILED"
  | "GROUP_AUTHORIZATION_FAILED"
  | "CLUSTER_AUTHORIZATION_FAILED"
  | "SASL_AUTHENTICATION_FAILED"
  | "UNSUPPORTED_SASL_MECHANISM"
  | "MESSAGE_TOO_LARGE"
  | "RECORD_LIST_TOO_LARGE"
  | "OFFSET_OUT_OF_RANGE"
  | "NOT_ENOUGH_REPLICAS"
  | "NOT_ENOUGH_REPLICAS_AFTER_APPEND";

/** What our client's errors say of themselves. */
interface ClientError extends Error {
  readonly code?: string;
  readonly apiId?: string;
  readonly serverErrorMessage?: string | null;
}

/** An error, and all that led to it. */
function* causesOf(error: unknown): Iterable<ClientError> {
  if (!(error instanceof Error)) return;
  yield error;
  if (error instanceof AggregateError) for (const each of error.errors) yield* causesOf(each);
  yield* causesOf(error.cause);
}

function causeWith(error: unknown, code: string): ClientError | undefined {
  for (const cause of causesOf(error)) if (cause.code === code) return cause;
  return undefined;
}

/** Whether a broker gave one of these answers, anywhere among an error's causes. */
export function isOneOf(error: unknown, ...names: readonly ErrorName[]): boolean {
  for (const { apiId } of causesOf(error)) if (names.some((name) => name === apiId)) return true;
  return false;
}

function isSignInRefused(error: unknown): boolean {
  return (
    isOneOf(error, "SASL_AUTHENTICATION_FAILED") || causeWith(error, "PLT_KFK_AUTHENTICATION") !== undefined
  );
}

export function isUnknownTopic(error: unknown): boolean {
  // The client finds out by itself that the metadata say nothing of a topic.
  const isNotFound = error instanceof Error && error.message.startsWith("Unknown topic ");
  return (
    isNotFound || isOneOf(error, "UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_TOPIC_ID", "INCONSISTENT_TOPIC_ID")
  );
}

/** What will be the same however often it is tried. */
function isFinal(error: unknown): boolean {
  return (
    error instanceof TopicError ||
    isUnknownTopic(error) ||
    isSignInRefused(error) ||
    isOneOf(
      error,
      "TOPIC_ALREADY_EXISTS",
      "INVALID_TOPIC_EXCEPTION",
      "INVALID_PARTITIONS",
      "INVALID_REPLICATION_FACTOR",
      "INVALID_CONFIG",
      "POLICY_VIOLATION",
      "TOPIC_AUTHORIZATION_FAILED",
      "GROUP_AUTHORIZATION_FAILED",
      "CLUSTER_AUTHORIZATION_FAILED",
      "UNSUPPORTED_SASL_MECHANISM",
      "MESSAGE_TOO_LARGE",
      "RECORD_LIST_TOO_LARGE",
    )
  );
}

/**
 * Do something at Kafka, trying again for a few seconds where the reason may pass.
 *
 * @throws what it threw last, as it is.
 */
export async function patiently<Value>(act: () => Promise<Value>): Promise<Value> {
  const end = performance.now() + PATIENCE_MILLISECONDS;
  for (let delay = FIRST_RETRY_MILLISECONDS; ; delay = Math.min(2 * delay, LONGEST_RETRY_MILLISECONDS)) {
    try {
      return await act();
    } catch (error) {
      if (isFinal(error) || performance.now() + delay > end) throw error;
    }
    await sleep(delay);
  }
}

/** An error that says in words what could not be done, and why. */
export function explained(what: string, error: unknown): Error {
  if (error instanceof TopicError) return error;
  const text = `cannot ${what}: ${explainKafkaError(error)}`;
  return isOneOf(
    error,
    "TOPIC_AUTHORIZATION_FAILED",
    "GROUP_AUTHORIZATION_FAILED",
    "CLUSTER_AUTHORIZATION_FAILED",
  )
    ? new TopicError("not-allowed", text, { cause: error })
    : new Error(text, { cause: error });
}

/** What went wrong at Kafka, in words. */
export function explainKafkaError(error: unknown): string {
  if (isOneOf(error, "UNSUPPORTED_SASL_MECHANISM")) return "Kafka has no such KAFKA_SASL_MECHANISM";
  if (isSignInRefused(error)) return "Kafka refuses KAFKA_USERNAME and KAFKA_PASSWORD";
  if (isOneOf(error, "TOPIC_AUTHORIZATION_FAILED")) return "this Kafka user may not do that with this topic";
  if (isOneOf(error, "GROUP_AUTHORIZATION_FAILED")) return "this Kafka user may not use this group";
  if (isOneOf(error, "CLUSTER_AUTHORIZATION_FAILED")) return "this Kafka user may not change the cluster";
  if (isOneOf(error, "MESSAGE_TOO_LARGE", "RECORD_LIST_TOO_LARGE")) {
    return "an event is larger than the topic takes; raise max.message.bytes of the topic";
  }
  if (isOneOf(error, "NOT_ENOUGH_REPLICAS", "NOT_ENOUGH_REPLICAS_AFTER_APPEND")) {
    return "too few brokers are there to keep events safe (min.insync.replicas)";
  }
  const server = causeWith(error, "PLT_KFK_PROTOCOL");
  if (server !== undefined) return server.serverErrorMessage ?? server.message;
  if (causeWith(error, "PLT_KFK_NETWORK") !== undefined) return "no broker of KAFKA_BROKERS can be reached";
  return (error as Error).message;
}
