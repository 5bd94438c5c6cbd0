import express, { type Express, type NextFunction, type Request, type Response } from "express";
import type { Logger } from "pino";
import { type Caller, includesRole } from "../access/caller.ts";
import { explainDatabaseError } from "../database/explain.ts";
import { isDatabaseAway, isGivenUp, isUnkeepable } from "../database/is-away.ts";
import { isCrossOrigin } from "../triggers/http/call-headers.ts";
import { answerRoute } from "./answer.ts";
import type { Authenticate } from "./authentication.ts";
import { ApiProblem } from "./problems.ts";
import type { Route } from "./route.ts";

/** What every path of the API begins with. */
export const API_PATH = "/api/v1";

/** What an {@link apiServer} needs. */
export interface ApiServerParts {
  readonly routes: readonly Route[];
  readonly authenticate: Authenticate;
  readonly log: Logger;
}

/** The API as a listener of Node's HTTP server, for requests below {@link API_PATH}. */
export function apiServer({ routes, authenticate, log }: ApiServerParts): Express {
  const app = express().disable("x-powered-by").disable("etag").set("query parser", "simple");
  // A path that ends where an id is missing is not that of the whole list, which a DELETE would empty.
  app.enable("strict routing");
  app.use((_, response, next) => {
    // Answers are of one user, at one time.
    response.set({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    next();
  });
  const methods = new Map<string, string[]>();
  for (const route of routes) {
    const { method, path, role } = route.declaration;
    const place = API_PATH + path.replaceAll(/\{(\w+)\}/g, ":$1");
    methods.set(place, [...(methods.get(place) ?? []), method.toUpperCase()]);
    app[method](place, async (request: Request, response: Response) => {
      // What anybody may ask is answered whatever is shown.
      const caller = role === null ? undefined : await authenticate(request);
      if (role !== null) {
        if (caller === undefined) throw unauthenticated();
        checkOrigin(caller, request);
        if (!includesRole(caller.role, role)) {
          throw new ApiProblem(
            "forbidden",
            `expected the role ${role} at least; ${caller.user} is ${caller.role}`,
          );
        }
      }
      const mayStill = async (): Promise<boolean> =>
        caller === undefined || (await isStill(caller, authenticate, request));
      await answerRoute(route, caller, request, response, mayStill);
    });
  }
  for (const [place, allowed] of methods) {
    app.all(place, (request) => {
      const allow = allowed.join(", ");
      throw new ApiProblem("method-not-allowed", `expected ${allow}, not ${request.method}`, {}, { allow });
    });
  }
  app.use((request) => {
    throw new ApiProblem(
      "not-found",
      `nothing at ${request.path}; ${API_PATH}/openapi.json says what there is`,
    );
  });
  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    const problem = problemOf(error);
    // Who has gone, such as one who types on while code is checked, has ended it.
    const isEndedByCaller = response.closed && (error as Error).name === "AbortError";
    if (problem.code === "internal" && !isEndedByCaller) {
      log.error({ err: error, path: request.path }, `${request.method} ${request.path} failed`);
    }
    if (response.headersSent) {
      next(error);
      return;
    }
    response.status(problem.status).set(problem.headers).type("application/problem+json");
    response.send(JSON.stringify(problem));
  });
  return app;
}

function unauthenticated(): ApiProblem {
  return new ApiProblem(
    "unauthenticated",
    "expected a header Authorization: Bearer <token>",
    {},
    { "www-authenticate": "Bearer" },
  );
}

/** Whether a request that was let in would be now, by the same user with the same rights; as far as is known. */
async function isStill(
  { user, role }: Caller,
  authenticate: Authenticate,
  request: Request,
): Promise<boolean> {
  try {
    const now = await authenticate(request);
    return now?.user === user && now.role === role;
  } catch (error) {
    return !(error instanceof ApiProblem);
  }
}

/** Pages of other sites ask nothing, whatever token they have. What Grafana passes on is from its own page. */
function checkOrigin({ by }: Caller, { headers: { origin, host } }: Request): void {
  if (by !== "grafana" && isCrossOrigin({ origin, host })) {
    throw new ApiProblem("forbidden", `the request came from a page of ${origin}`);
  }
}

function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (isDatabaseAway(error)) {
    return new ApiProblem(
      "unavailable",
      "the database does not answer; try again soon",
      {},
      { "retry-after": "5" },
    );
  }
  if (isGivenUp(error)) {
    return new ApiProblem(
      "unavailable",
      `the database gave up (${explainDatabaseError(error)}); try again, or ask for less at a time`,
      {},
      { "retry-after": "5" },
    );
  }
  if (isUnkeepable(error)) {
    return new ApiProblem(
      "invalid-request",
      "expected values that can be kept: no character 0, numbers in range",
    );
  }
  const { status, message = "" } = error as { status?: number; message?: string };
  // Express says so of paths that cannot be decoded.
  if (status === 400) return new ApiProblem("invalid-request", message);
  return new ApiProblem("internal", "something went wrong; the server's log says more");
}
