import { z } from "zod";
import { openApiDocument } from "../openapi.ts";
import { type Route, route } from "../route.ts";

const VERSION = "1";

/** What the API says of itself. @param routes all of them, once they are all there. */
export function metaRoutes(routes: readonly Route[]): Route[] {
  return [
    route(
      {
        method: "get",
        path: "/openapi.json",
        operationId: "getOpenApi",
        tag: "API",
        summary: "This document",
        role: null,
        status: 200,
        answer: z.looseObject({}),
        problems: [],
      },
      async () => openApiDocument(routes, VERSION),
    ),
    route(
      {
        method: "get",
        path: "/me",
        operationId: "getMe",
        tag: "Users",
        summary: "Who is asking",
        role: "viewer",
        status: 200,
        answer: z.object({ user: z.string(), role: z.string() }),
        problems: [],
      },
      async ({ caller: { user, role } }) => ({ user, role }),
    ),
  ];
}
