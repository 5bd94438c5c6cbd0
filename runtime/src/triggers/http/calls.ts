import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { InputProblem, InputSchema } from "../../configuration/input-schema.ts";
import type { CallGuard, Passed } from "./call-guard.ts";
import type { CallAnswer } from "./callable.ts";
import { answerProblem, type Problem } from "./problem.ts";
import { MAX_BODY_BYTES, readBody } from "./read-body.ts";
import { type Admission, admit, type Target } from "./targets.ts";

/** Up to this size all problems of an event are looked for, beyond it the first alone. */
const MAX_THOROUGH_BYTES = 64 * 1024;
const MAX_PROBLEMS_TOLD = 20;
/** Outputs up to this size are copied once more, to be sent in one piece. */
const MAX_JOINED_BYTES = 16 * 1024;

/** Functions by their names; they may come and go. */
type Targets = Pick<ReadonlyMap<string, Target>, "get">;

/**
 * Answers every request under {@link CALL_PATH}: hands the event of `POST /functions/<name>` to the function,
 * and its output to the caller. Bytes go through as they are, without a promise or a copy on their way.
 *
 * @param targets functions by their names; they may come and go.
 * @param guard who may call; undefined: whoever can reach this.
 * @param isLocal whether that is programs of this machine alone, and no page of a site.
 */
export function answerCalls(targets: Targets, guard?: CallGuard, isLocal = false): RequestListener {
  const answer = (request: IncomingMessage, response: ServerResponse, user: string | undefined): void => {
    const admission = admit(targets, request, isLocal);
    if ("problem" in admission) {
      answerProblem(response, admission);
      return;
    }
    readBody(
      request,
      (body) => call(targets, admission, user, body, response),
      () =>
        answerProblem(response, { problem: "too-large", detail: `expected at most ${MAX_BODY_BYTES} bytes` }),
    );
  };
  if (guard === undefined) return (request, response) => answer(request, response, undefined);
  return (request, response) => {
    const pass = (passed: Passed): void => {
      if ("problem" in passed) answerProblem(response, passed);
      else answer(request, response, passed.user);
    };
    const passed = guard(request);
    // Who is known is not kept waiting, not even for a promise.
    if (passed instanceof Promise) void passed.then(pass);
    else pass(passed);
  };
}

/** The function may have been replaced while the event came. */
function targetNow(targets: Targets, { name, target }: Admission): Target {
  const now = targets.get(name);
  return now?.isCalled && now.isSharded === target.isSharded ? now : target;
}

function call(
  targets: Targets,
  admission: Admission,
  user: string | undefined,
  body: Buffer,
  response: ServerResponse,
): void {
  const { shard, idempotencyKey } = admission;
  const target = targetNow(targets, admission);
  if (target.awaken !== undefined) {
    void target
      .awaken()
      .then((awake) => call(targets, { ...admission, target: awake }, user, body, response));
    return;
  }
  const problem = target.input && problemOfInput(target.input, body);
  if (problem !== undefined) {
    answerProblem(response, problem);
    return;
  }
  const keptUnder = idempotencyKey && keptName(idempotencyKey, user);
  target.callable.call({ body, shard, idempotencyKey: keptUnder, user }, (answer) => {
    // It was never made, and the function that replaced this one may make it.
    const isUnmade = answer.outcome === "unavailable" || answer.outcome === "load-failed";
    if (isUnmade && targetNow(targets, admission) !== target) {
      call(targets, admission, user, body, response);
      return;
    }
    // The call counts all the same where the client has gone meanwhile.
    if (!response.destroyed) answerWith(response, answer);
  });
}

/**
 * What an answer is kept under: the names of one user are nothing to another, and none is that of a run, under which
 * the answers to calls through the API are kept.
 */
function keptName(idempotencyKey: string, user: string | undefined): string {
  if (user !== undefined) return `user:${encodeURIComponent(user)}:${idempotencyKey}`;
  return /^(call:)*(run|user):/.test(idempotencyKey) ? `call:${idempotencyKey}` : idempotencyKey;
}

function answerWith(response: ServerResponse, answer: CallAnswer): void {
  if (answer.outcome !== "ok") {
    answerProblem(response, problemOfAnswer(answer));
    return;
  }
  // Node looks up each name of an object, and writes a list of names and values as it is.
  // biome-ignore format: a header a line.
  response.writeHead(200, [
    "content-type", "application/json",
    "content-length", String(answer.output.length),
    "server-timing", `handler;dur=${Math.round(answer.seconds * 1e6) / 1000}`,
  ]);
  // Node sends a string in one piece with the head, and a buffer in one of its own, which costs an eighth of
  // a small call. As Latin-1 every byte is a character and back.
  if (answer.output.length > MAX_JOINED_BYTES) response.end(answer.output);
  else response.end(answer.output.toString("latin1"), "latin1");
}

function problemOfAnswer({
  outcome,
  message,
  details,
  retryAfterSeconds = 1,
  resetsAt,
}: Exclude<CallAnswer, { outcome: "ok" }>): Problem {
  const problem = { problem: outcome, detail: message };
  switch (outcome) {
    case "error":
    case "load-failed":
      return details === "" ? problem : { ...problem, members: { traceback: details } };
    case "busy":
    case "unavailable":
    case "too-many-requests":
      return { ...problem, headers: { "retry-after": String(retryAfterSeconds) } };
    case "budget-spent":
      return { ...problem, members: { resetsAt }, headers: { "retry-after": String(retryAfterSeconds) } };
    default:
      return problem;
  }
}

/** Why an event is none that a function takes; undefined where it is one. */
export function problemOfInput(input: InputSchema, body: Buffer): Problem | undefined {
  let event: unknown;
  try {
    event = JSON.parse(body.toString());
  } catch (error) {
    return { problem: "not-json", detail: (error as Error).message };
  }
  let found: readonly InputProblem[];
  try {
    found = body.length <= MAX_THOROUGH_BYTES ? input.checkAll(event) : input.check(event);
  } catch (error) {
    // A schema that refers to itself follows the event down, as far as the stack goes.
    return { problem: "invalid-input", detail: `it cannot be checked: ${(error as Error).message}` };
  }
  if (found.length === 0) return undefined;
  return {
    problem: "invalid-input",
    detail: found
      .slice(0, 3)
      .map(({ pointer, message }) => `${pointer} ${message}`.trim())
      .join("; "),
    members: { errors: found.slice(0, MAX_PROBLEMS_TOLD).map(inputError) },
  };
}

/** As in the example of RFC 9457: the pointer is a URI fragment. */
function inputError({ pointer, message }: InputProblem): { pointer: string; detail: string } {
  return { pointer: `#${encodeURI(pointer)}`, detail: message };
}
