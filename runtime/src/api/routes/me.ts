import { z } from "zod";
import { role } from "../contract/access.ts";
import { type Route, route } from "../route.ts";

/** Who asks. */
export function meRoutes(): Route[] {
  return [
    route(
      {
        method: "get",
        path: "/me",
        operationId: "getMe",
        tag: "Users",
        summary: "Who is asking",
        role: "viewer",
        status: 200,
        answer: z.object({
          user: z.string(),
          role,
          by: z.enum(["token", "grafana"]).describe("How the user is known"),
        }),
        problems: [],
      },
      async ({ caller: { user, role: own, by } }) => ({ user, role: own, by }),
    ),
  ];
}
