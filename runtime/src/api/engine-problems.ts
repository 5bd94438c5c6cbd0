import { TopicError } from "../topics/topics.ts";
import { ApiProblem, type ApiProblemCode } from "./problems.ts";

const CODES: Readonly<Record<TopicError["code"], ApiProblemCode>> = {
  "unknown-topic": "not-found",
  "topic-exists": "conflict",
  "invalid-topic": "invalid-request",
  "invalid-option": "invalid-request",
  // The rights of the server at the engine, not those of who asks.
  "not-allowed": "unavailable",
};

/**
 * Do something with topics or in Redis.
 *
 * @throws ApiProblem where that cannot be done, and where the engine or Redis is away.
 */
export async function withEngineProblems<Value>(act: () => Promise<Value>): Promise<Value> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof TopicError) throw new ApiProblem(CODES[error.code], error.message);
    const { message, name } = error as Error;
    // Engines have tried for a while, and say what could not be done.
    if (message.startsWith("cannot ")) throw away(message);
    if (
      /isn't writeable|Connection is closed|max retries|Socket timeout/.test(message) ||
      name === "ReplyError"
    ) {
      throw away("Redis does not answer as it should; try again soon");
    }
    throw error;
  }
}

function away(detail: string): ApiProblem {
  return new ApiProblem("unavailable", detail, {}, { "retry-after": "5" });
}
