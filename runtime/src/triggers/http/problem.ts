import type { OutgoingHttpHeaders, ServerResponse } from "node:http";

/** Every problem that a call may be answered with: the end of its type URI, its status and its title. */
export const PROBLEMS = {
  "unknown-function": [404, "There is no such function"],
  "not-callable": [404, "The function is not called over HTTP"],
  "method-not-allowed": [405, "Functions are called with POST"],
  unauthenticated: [401, "Calls need a token here"],
  "cross-origin": [403, "Pages of other sites may not call functions"],
  "invalid-idempotency-key": [400, "The idempotency key is not one"],
  "invalid-shard": [400, "The shard is missing or not one"],
  "too-large": [413, "The event is too large"],
  "unsupported-media-type": [415, "The event is compressed"],
  "not-json": [400, "The event is not JSON"],
  "invalid-input": [422, "The event does not satisfy the function's schema"],
  rejected: [400, "The function cannot be called with this event"],
  error: [500, "The function failed"],
  "load-failed": [500, "The function cannot be loaded"],
  timeout: [504, "The function took too long"],
  killed: [502, "The function's process ended during the call"],
  busy: [429, "Too many calls are waiting"],
  "too-many-requests": [429, "The owner's functions are called too often"],
  "budget-spent": [429, "The owner's budget is spent"],
  unavailable: [503, "The function cannot be called now"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

/** Why a call has no output. */
export interface Problem {
  readonly problem: keyof typeof PROBLEMS;
  /** What is wrong with this one call. */
  readonly detail: string;
  /** Further members of the answer. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: OutgoingHttpHeaders;
}

/** Answer with problem details (RFC 9457). */
export function answerProblem(
  response: ServerResponse,
  { problem, detail, members, headers }: Problem,
): void {
  const [status, title] = PROBLEMS[problem];
  const body = JSON.stringify({ type: `/problems/${problem}`, title, status, detail, ...members });
  response.writeHead(status, {
    "content-type": "application/problem+json",
    "content-length": Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}
