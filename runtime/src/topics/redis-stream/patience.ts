import { setTimeout as sleep } from "node:timers/promises";
import { explainRedisError } from "@gaugelet/shared/redis/explain";
import { TopicError } from "../topics.ts";

/** How long what may pass by itself is waited for, before it is an error. */
const PATIENCE_MILLISECONDS = 5_000;
const FIRST_RETRY_MILLISECONDS = 20;
const LONGEST_RETRY_MILLISECONDS = 500;

/** What our library says where there is no connection, or no more. */
const NO_CONNECTION = /Connection is closed|isn't writeable|max retries|Socket timeout|ECONN|EPIPE|ETIMEDOUT/;

/** What may pass by itself of what a server says: it is full or busy, or another one takes its place. */
const PASSING = /^(OOM|MISCONF|READONLY|LOADING|BUSY|TRYAGAIN|MASTERDOWN|NOREPLICAS|CLUSTERDOWN)\b/;

/**
 * Do something in Redis, trying again for a few seconds where the reason may pass.
 *
 * What was under way as a connection broke may have been done, and is done again.
 *
 * @param what for the message, such as `publish to topic orders`.
 * @throws TopicError where the rights do not cover it, and an Error that says what happened and what to do.
 */
export async function patiently<Value>(what: string, act: () => Promise<Value>): Promise<Value> {
  const end = performance.now() + PATIENCE_MILLISECONDS;
  for (let delay = FIRST_RETRY_MILLISECONDS; ; delay = Math.min(2 * delay, LONGEST_RETRY_MILLISECONDS)) {
    try {
      return await act();
    } catch (error) {
      if (error instanceof TopicError) throw error;
      const message = messageOf(error);
      const mayPass = PASSING.test(message) || NO_CONNECTION.test(message);
      if (!mayPass || performance.now() + delay > end) throw explained(what, error);
    }
    await sleep(delay);
  }
}

/** What Redis says; before version 7 it says where in a script an error was, too. */
function messageOf(error: unknown): string {
  const { message } = error as Error;
  return /(?:@user_script: ?\d*: )-?([A-Z]+ .*)/s.exec(message)?.[1] ?? message;
}

function explained(what: string, error: unknown): Error {
  const text = `cannot ${what}: ${explainTopicError(error)}`;
  if (messageOf(error).startsWith("NOPERM")) return new TopicError("not-allowed", text, { cause: error });
  return new Error(text, { cause: error });
}

/** Say in words what went wrong with a topic, and what to do. */
export function explainTopicError(error: unknown): string {
  const message = messageOf(error);
  if (NO_CONNECTION.test(message)) return "there is no connection to Redis";
  if (message.startsWith("WRONGTYPE")) {
    return "its key holds another type than a stream, or gaugelet:topics another than a hash: find the one with TYPE, and delete it or choose another topic";
  }
  if (message.startsWith("NOPERM")) {
    return `${message}: topics need ~gaugelet:* and the commands that docs/reference/redis.md lists; grant them with ACL SETUSER`;
  }
  return explainRedisError(message);
}
