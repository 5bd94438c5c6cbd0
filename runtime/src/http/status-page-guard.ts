import type { CallGuard, Passed } from "../triggers/http/call-guard.ts";
import { PROBLEMS } from "../triggers/http/problem.ts";
import { type Answer, type RouteGuard, text } from "./server.ts";

/** Shows the status page to those who may call functions: it has their errors. */
export function statusPageGuard(guard: CallGuard): RouteGuard {
  return async (request) => refusal(await guard(request));
}

function refusal(passed: Passed): Answer | undefined {
  if (!("problem" in passed)) return undefined;
  const [status] = PROBLEMS[passed.problem];
  return { ...text(status, `${passed.detail}\n`), headers: passed.headers ?? {} };
}
