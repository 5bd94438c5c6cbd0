import { z } from "zod";
import type { Caller } from "../../access/caller.ts";
import type { Secrets } from "../../access/secrets.ts";
import { secretAnswer, toSecret, user } from "../contract/access.ts";
import { pageOf, pageQuery, readCursor, toPage } from "../pages.ts";
import { ApiProblem } from "../problems.ts";
import { type Route, route } from "../route.ts";

const MAX_VALUE_CHARACTERS = 65_536;

const secretName = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]{0,127}$/,
    "expected the name of an environment variable: 1 to 128 letters, digits and _",
  );

/** Secrets of an owner's functions. */
export function secretRoutes(secrets: Secrets): Route[] {
  const tag = "Secrets";
  const params = z.object({ name: secretName });
  const owner = user.optional().describe("Whose; only administrators may name another than themselves");
  const query = z.object({ owner });
  return [
    route(
      {
        method: "get",
        path: "/secrets",
        operationId: "listSecrets",
        tag,
        summary: "Names of secrets",
        description: "Their values are never told.",
        role: "editor",
        query: z.object({ ...pageQuery, owner }),
        status: 200,
        answer: pageOf(secretAnswer),
        problems: [],
      },
      async ({ caller, query: { limit, after, owner: named } }) => {
        const place = readCursor(z.string(), after);
        const rows = await secrets.list(ownerOf(caller, named), limit + 1, place);
        return toPage(rows, limit, toSecret, ({ name }) => name);
      },
    ),
    route(
      {
        method: "put",
        path: "/secrets/{name}",
        operationId: "putSecret",
        tag,
        summary: "Keep a secret",
        description:
          "Functions that name it under `secrets` have it as an environment variable when they start next.",
        role: "editor",
        params,
        query,
        body: z.strictObject({
          value: z
            .string()
            .min(1)
            .max(MAX_VALUE_CHARACTERS)
            .refine(
              (value) => !value.includes("\0") && value.isWellFormed(),
              "expected text without the character 0",
            ),
        }),
        status: 200,
        answer: secretAnswer,
        problems: [],
      },
      async ({ caller, params: { name }, query: { owner: named }, body }) =>
        toSecret(await secrets.put(caller, ownerOf(caller, named), name, body.value)),
    ),
    route(
      {
        method: "delete",
        path: "/secrets/{name}",
        operationId: "deleteSecret",
        tag,
        summary: "Delete a secret",
        role: "editor",
        params,
        query,
        status: 204,
        problems: ["not-found"],
      },
      async ({ caller, params: { name }, query: { owner: named } }) => {
        await secrets.delete(caller, ownerOf(caller, named), name);
        return undefined;
      },
    ),
  ];
}

function ownerOf(caller: Caller, named: string | undefined): string {
  if (named === undefined || named === caller.user || caller.role === "admin") return named ?? caller.user;
  throw new ApiProblem("forbidden", `only administrators see secrets of others; ${caller.user} is none`);
}
