import type { IncomingMessage } from "node:http";
import type { Caller } from "../access/caller.ts";
import type { Callers } from "../access/callers.ts";
import type { Passed } from "../triggers/http/call-guard.ts";
import type { Problem } from "../triggers/http/problem.ts";
import { ApiProblem } from "./problems.ts";

const PASSWORD = /^Basic +([\w+/-]+=*) *$/i;

const NEEDS_TOKEN: Problem = {
  problem: "unauthenticated",
  detail: "expected a header Authorization: Bearer <token>, with a token of any user",
  // Browsers ask for one then, so that the status page can be looked at.
  headers: { "www-authenticate": 'Bearer, Basic realm="Gaugelet: the password is a token", charset="UTF-8"' },
};

/** Whether somebody who shows this may call functions: every user may. */
export function guardCall(callers: Callers, request: IncomingMessage): Passed | Promise<Passed> {
  try {
    const caller = callerOf(callers, request);
    return caller instanceof Promise ? caller.then(passed, refused) : passed(caller);
  } catch (error) {
    return refused(error);
  }
}

function callerOf(
  callers: Callers,
  request: IncomingMessage,
): Caller | undefined | Promise<Caller | undefined> {
  const [, password] = PASSWORD.exec(request.headers.authorization ?? "") ?? [];
  if (password === undefined) return callers.of(request);
  const text = Buffer.from(password, "base64").toString();
  return callers.ofToken(text.slice(text.indexOf(":") + 1), request);
}

function passed(caller: Caller | undefined): Passed {
  return caller === undefined ? NEEDS_TOKEN : { user: caller.user };
}

function refused(error: unknown): Passed {
  if (error instanceof ApiProblem) return { ...NEEDS_TOKEN, detail: error.message };
  return {
    problem: "unavailable",
    detail: "the database that knows the users does not answer; try again soon",
    headers: { "retry-after": "1" },
  };
}
