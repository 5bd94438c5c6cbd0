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
  | "NOT_ENOUGH_REPLICAS_AFTER_APPEND"
  | "NOT_COORDINATOR"
  | "COORDINATOR_NOT_AVAILABLE"
  | "COORDINATOR_LOAD_IN_PROGRESS"
  | "NOT_LEADER_OR_FOLLOWER"
  | "LEADER_NOT_AVAILABLE";

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
  if (isOneOf(error, "NOT_COORDINATOR", "COORDINATOR_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS")) {
    return "another broker takes over this group, as while one starts anew; it is asked for again";
  }
  if (isOneOf(error, "NOT_LEADER_OR_FOLLOWER", "LEADER_NOT_AVAILABLE")) {
    return "another broker takes over a partition, as while one starts anew; it is asked for again";
  }
  const server = causeWith(error, "PLT_KFK_PROTOCOL");
  if (server !== undefined) return server.serverErrorMessage ?? server.message;
  const hint = connectionHint(error);
  const isUnreachable = hint !== undefined || causeWith(error, "PLT_KFK_NETWORK") !== undefined;
  if (!isUnreachable) return (error as Error).message;
  return `no broker of KAFKA_BROKERS can be reached${hint === undefined ? "" : `: ${hint}`}`;
}

const UNKNOWN_AUTHORITY = "nobody we know vouches for its certificate; set KAFKA_TLS_CA_FILE";
const CLIENT_CERTIFICATE =
  "it wants another certificate of us; set KAFKA_TLS_CERT_FILE and KAFKA_TLS_KEY_FILE";
const CLOSED = "connections are closed; where that goes on, check KAFKA_SASL_MECHANISM and KAFKA_TLS";
const NO_TLS = "it does not speak TLS there; use its TLS port or unset KAFKA_TLS";

/** Why there is no connection and what to do, by the code or the message of one of an error's causes. */
const CONNECTION_HINTS: ReadonlyMap<string, string> = new Map([
  ["DEPTH_ZERO_SELF_SIGNED_CERT", UNKNOWN_AUTHORITY],
  ["SELF_SIGNED_CERT_IN_CHAIN", UNKNOWN_AUTHORITY],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", UNKNOWN_AUTHORITY],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", UNKNOWN_AUTHORITY],
  ["CERT_HAS_EXPIRED", "its certificate has expired; renew it"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "its certificate is for another name than brokers are reached by"],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", CLIENT_CERTIFICATE],
  ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", CLIENT_CERTIFICATE],
  ["ERR_SSL_WRONG_VERSION_NUMBER", NO_TLS],
  ["TLS handshake failed. Please verify the broker supports TLS.", NO_TLS],
  ["Broker requires TLS.", "it speaks TLS; set KAFKA_TLS=true"],
  ["ENOTFOUND", "no such host"],
]);

function connectionHint(error: unknown): string | undefined {
  const causes = [...causesOf(error)];
  for (const { code = "", message } of causes) {
    const hint = CONNECTION_HINTS.get(code) ?? CONNECTION_HINTS.get(message);
    if (hint !== undefined) return hint;
  }
  // A broker says nothing to whoever does not sign in. One that has ended refuses connections as well.
  const isClosed = causes.some(({ message }) => message === "Connection closed");
  return isClosed && causeWith(error, "ECONNREFUSED") === undefined ? CLOSED : undefined;
}
