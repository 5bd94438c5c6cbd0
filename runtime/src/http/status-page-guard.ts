import type { IncomingMessage } from "node:http";
import { isOwnHost } from "../configuration/loopback.ts";
import type { CallGuard, Passed } from "../triggers/http/call-guard.ts";
import { PROBLEMS } from "../triggers/http/problem.ts";
import { type Answer, type RouteGuard, text } from "./server.ts";

/** Shows the status page to those who may call functions: it has their errors. */
export function statusPageGuard(guard: CallGuard): RouteGuard {
  return async (request) => refusal(await guard(request));
}

/** Shows the status page to this machine alone: a site can let its name lead here, and its page read what comes. */
export function localPageGuard({ headers: { host = "" } }: IncomingMessage): Answer | undefined {
  if (isOwnHost(host)) return undefined;
  return text(
    403,
    `${host} may be a name that somebody else gave to this machine: use localhost, or set GAUGELET_CALLS to open or token\n`,
  );
}

function refusal(passed: Passed): Answer | undefined {
  if (!("problem" in passed)) return undefined;
  const [status] = PROBLEMS[passed.problem];
  return { ...text(status, `${passed.detail}\n`), headers: passed.headers ?? {} };
}
