import { z } from "zod";
import { nameOf } from "../../configuration/classes.ts";
import type { Database } from "../../database/database.ts";
import { parseExactly } from "../../exact-json.ts";
import type { InvocationRequest, Invocations } from "../../runs/invocations.ts";
import type { KnownFunction, KnownFunctions } from "../../runs/known-functions.ts";
import { lastInput } from "../../runs/last-input.ts";
import { isIdempotencyKey } from "../../triggers/http/call-headers.ts";
import type { CallAnswer } from "../../triggers/http/callable.ts";
import { problemOfInput } from "../../triggers/http/calls.ts";
import { problemOfShards, type Target } from "../../triggers/http/targets.ts";
import { type CostOf, usageAnswer, usageOfRun } from "../contract/runs.ts";
import { withEngineProblems } from "../engine-problems.ts";
import { ApiProblem } from "../problems.ts";
import { AcceptedAnswer, type Route, route } from "../route.ts";

/** What the routes of invocations need. */
export interface InvocationRoutesParts {
  readonly db: Database;
  readonly invocations: Invocations;
  readonly functions: KnownFunctions;
  readonly costOf: CostOf;
}

const MAX_BODY_BYTES = 16 * 1024 ** 2;

const params = z.object({ name: z.string().max(255) });

const body = z.strictObject({
  input: z.record(z.string(), z.unknown(), "expected a JSON object").default({}),
  mode: z.enum(["sync", "async"], "expected sync or async").default("sync"),
  shard: z.string().min(1).max(255).optional().describe("Where the function keeps one state per shard"),
});

const STATUSES = {
  ok: "completed",
  error: "failed",
  timeout: "timed-out",
  killed: "killed",
  rejected: "rejected",
} as const;

const invocationAnswer = z.object({
  run: z.string().describe("Its id"),
  status: z.enum(Object.values(STATUSES)),
  output: z.unknown(),
  error: z.string().nullable(),
  traceback: z.string().nullable(),
  runSeconds: z.number().nullable(),
  usage: usageAnswer
    .nullable()
    .describe("Null where the answer of an earlier call is given again, and of failures"),
});

/** Calls of functions through the API. */
export function invocationRoutes({ db, invocations, functions, costOf }: InvocationRoutesParts): Route[] {
  return [
    route(
      {
        method: "post",
        path: "/functions/{name}/invocations",
        operationId: "invokeFunction",
        tag: "Runs",
        summary: "Call a function",
        description:
          "With `mode: sync` the answer is what it came to, failures too. With `mode: async` the call is kept until it is done, and `GET /runs/{id}` says how far it is. Calls with one header `Idempotency-Key` of one user are one run, for 24 hours, unless it fails: then the next one is another.",
        role: "viewer",
        params,
        body,
        maxBodyBytes: MAX_BODY_BYTES,
        status: 200,
        answer: invocationAnswer,
        accepted: z.object({ run: z.string() }),
        problems: ["not-found", "too-large", "unsupported-media-type", "budget-spent", "load-failed"],
      },
      async ({ caller, params: { name }, body: { input, mode, shard }, headers }) => {
        const found = await find(functions, name);
        const request: InvocationRequest = {
          function: name,
          user: caller.user,
          body: Buffer.from(JSON.stringify(input)),
          shard: shard ?? "",
          idempotencyKey: idempotencyKeyIn(headers),
        };
        const target = await functions.ready(name);
        if (target !== undefined) check(target, request, shard);
        if (mode === "async") {
          const run = await withEngineProblems(() => invocations.accept(found, request));
          return new AcceptedAnswer({ run });
        }
        if (target === undefined) {
          throw new ApiProblem(
            "unavailable",
            `${name} does not run in this runtime; call it with mode: async, or at one that has it`,
          );
        }
        const { runId, answer } = await withEngineProblems(() => invocations.call(target, request));
        return answerOf(runId, answer, found, costOf);
      },
    ),
    route(
      {
        method: "get",
        path: "/functions/{name}/invocations/last-input",
        operationId: "getLastInput",
        tag: "Runs",
        summary: "The newest recorded input of a function",
        description: "Of the runs that the caller may see: what a form for the next call begins with.",
        role: "viewer",
        params,
        status: 200,
        answer: z.object({ run: z.string(), input: z.unknown() }),
        problems: ["not-found"],
      },
      async ({ caller, params: { name } }) => {
        await find(functions, name);
        const last = await lastInput(db, caller, name);
        if (last === undefined) throw new ApiProblem("not-found", `no input of ${name} is recorded`);
        return { run: last.id, input: parseExactly(last.input) };
      },
    ),
  ];
}

/** @throws ApiProblem where there is no such function. */
export async function find(functions: KnownFunctions, name: string): Promise<KnownFunction> {
  const found = await functions.find(name);
  if (found === undefined) throw new ApiProblem("not-found", `there is no function ${JSON.stringify(name)}`);
  return found;
}

function check(target: Target, { body: event }: InvocationRequest, shard: string | undefined): void {
  const problem = problemOfShards(shard === undefined ? [] : [shard], target.isSharded);
  if (problem !== undefined) throw new ApiProblem("invalid-request", `body: shard: ${problem}`);
  const found = target.input && problemOfInput(target.input, event);
  if (found !== undefined) {
    throw new ApiProblem("invalid-request", `body: input: ${found.detail}`, found.members ?? {});
  }
}

function idempotencyKeyIn(headers: Readonly<Record<string, string | undefined>>): string | undefined {
  const key = headers["idempotency-key"];
  if (key === undefined || isIdempotencyKey(key)) return key;
  throw new ApiProblem(
    "invalid-request",
    "expected one header Idempotency-Key of 1 to 255 printable ASCII characters",
  );
}

function answerOf(
  run: string,
  answer: CallAnswer,
  { name, owner, target }: KnownFunction,
  costOf: CostOf,
): z.input<typeof invocationAnswer> {
  if (answer.outcome === "load-failed") {
    const { message, details } = answer;
    throw new ApiProblem("load-failed", message, details === "" ? {} : { traceback: details });
  }
  if (answer.outcome === "busy" || answer.outcome === "unavailable") {
    throw new ApiProblem("unavailable", answer.message, {}, { "retry-after": "1" });
  }
  if (answer.outcome === "budget-spent" || answer.outcome === "too-many-requests") {
    const { resetsAt, retryAfterSeconds = 1 } = answer;
    const members = resetsAt === undefined ? {} : { resetsAt };
    throw new ApiProblem(answer.outcome, answer.message, members, {
      "retry-after": String(retryAfterSeconds),
    });
  }
  const status = STATUSES[answer.outcome];
  if (answer.outcome !== "ok") {
    const { message: error, details } = answer;
    const traceback = details === "" ? null : details;
    return { run, status, output: null, error, traceback, runSeconds: null, usage: null };
  }
  const { output, seconds, run: used } = answer;
  const ofClass = target === undefined ? "standard" : nameOf(target.callable.definition.class);
  return {
    run,
    status,
    output: parseExactly(output.toString()),
    error: null,
    traceback: null,
    runSeconds: used === undefined ? null : seconds,
    usage:
      used === undefined
        ? null
        : {
            ...usageOfRun(used),
            cost: costOf({ ...used, owner, function: name, class: ofClass, queuedAt: new Date() }),
          },
  };
}
