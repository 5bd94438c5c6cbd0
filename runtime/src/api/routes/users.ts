import { z } from "zod";
import type { Users } from "../../access/users.ts";
import { role, toUser, user, userAnswer } from "../contract/access.ts";
import { pageOf, pageQuery, readCursor, toPage } from "../pages.ts";
import { type Route, route } from "../route.ts";

/** Users, for administrators. */
export function userRoutes(users: Users): Route[] {
  const tag = "Users";
  const params = z.object({ name: user });
  return [
    route(
      {
        method: "get",
        path: "/users",
        operationId: "listUsers",
        tag,
        summary: "Users, by their names",
        role: "admin",
        query: z.object({
          ...pageQuery,
          deleted: z.stringbool().default(false).describe("`true`: deleted ones too"),
        }),
        status: 200,
        answer: pageOf(userAnswer),
        problems: [],
      },
      async ({ query: { limit, after, deleted } }) => {
        const rows = await users.list(limit + 1, readCursor(z.string(), after), deleted);
        return toPage(rows, limit, toUser, ({ name }) => name);
      },
    ),
    route(
      {
        method: "post",
        path: "/users",
        operationId: "createUser",
        tag,
        summary: "Make a user",
        role: "admin",
        body: z.strictObject({ name: user, role }),
        status: 201,
        answer: userAnswer,
        problems: ["conflict"],
      },
      async ({ caller, body }) => toUser(await users.create(caller, body.name, body.role)),
    ),
    route(
      {
        method: "get",
        path: "/users/{name}",
        operationId: "getUser",
        tag,
        summary: "One user",
        role: "admin",
        params,
        status: 200,
        answer: userAnswer,
        problems: ["not-found"],
      },
      async ({ params: { name } }) => toUser(await users.find(name)),
    ),
    route(
      {
        method: "patch",
        path: "/users/{name}",
        operationId: "changeUser",
        tag,
        summary: "Give a user another role",
        description: "From then on the role that Grafana says does not change it.",
        role: "admin",
        params,
        body: z.strictObject({ role }),
        status: 200,
        answer: userAnswer,
        problems: ["not-found", "conflict"],
      },
      async ({ caller, params: { name }, body }) => toUser(await users.changeRole(caller, name, body.role)),
    ),
    route(
      {
        method: "delete",
        path: "/users/{name}",
        operationId: "deleteUser",
        tag,
        summary: "Delete a user",
        description: "The user's tokens are nobody's; what the user owns stays. It can be undone.",
        role: "admin",
        params,
        status: 204,
        problems: ["not-found", "conflict"],
      },
      async ({ caller, params: { name } }) => {
        await users.delete(caller, name);
        return undefined;
      },
    ),
    route(
      {
        method: "post",
        path: "/users/{name}/restore",
        operationId: "restoreUser",
        tag,
        summary: "Bring a deleted user back",
        description: "With the tokens that were not revoked.",
        role: "admin",
        params,
        status: 200,
        answer: userAnswer,
        problems: ["not-found", "conflict"],
      },
      async ({ caller, params: { name } }) => toUser(await users.restore(caller, name)),
    ),
  ];
}
