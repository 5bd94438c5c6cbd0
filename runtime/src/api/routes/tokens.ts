import { z } from "zod";
import type { Caller } from "../../access/caller.ts";
import type { OwnTokens } from "../../access/own-tokens.ts";
import { lineOf } from "../../access/user-name.ts";
import { tokenAnswer, toToken, user } from "../contract/access.ts";
import { pageOf, pageQuery, readCursor, toPage } from "../pages.ts";
import { ApiProblem } from "../problems.ts";
import { type Route, route } from "../route.ts";

const MAX_NAME_CHARACTERS = 100;

const placeSchema = z.tuple([z.iso.datetime(), z.uuid()]);

/** A user's own tokens; an administrator's are everybody's. */
export function tokenRoutes(tokens: OwnTokens): Route[] {
  const tag = "Tokens";
  return [
    route(
      {
        method: "get",
        path: "/tokens",
        operationId: "listTokens",
        tag,
        summary: "Tokens that are not revoked, the oldest first",
        description: "One's own; administrators may ask for another user's.",
        role: "viewer",
        query: z.object({ ...pageQuery, user: user.optional() }),
        status: 200,
        answer: pageOf(tokenAnswer),
        problems: [],
      },
      async ({ caller, query: { limit, after, user: named } }) => {
        const place = readCursor(placeSchema, after);
        const behind = place && { createdAt: new Date(place[0]), id: place[1] };
        const rows = await tokens.list(ownOrAdministered(caller, named), limit + 1, behind);
        return toPage(rows, limit, toToken, ({ createdAt, id }) => [createdAt.toISOString(), id]);
      },
    ),
    route(
      {
        method: "post",
        path: "/tokens",
        operationId: "createToken",
        tag,
        summary: "Make a token",
        description: "It is told once, here: only its digest is kept. It has the role of its user.",
        role: "viewer",
        body: z.strictObject({
          name: lineOf(MAX_NAME_CHARACTERS).describe("What it is for"),
          user: user.optional().describe("Whose; only administrators make tokens of others"),
          expiresAt: z.iso.datetime({ offset: true }).nullish().describe("When it ends; null: never"),
        }),
        status: 201,
        answer: tokenAnswer.extend({ token: z.string() }),
        problems: ["not-found", "conflict"],
      },
      async ({ caller, body: { name, user: named, expiresAt } }) => {
        const expires = expiresAt == null ? undefined : new Date(expiresAt);
        if (expires !== undefined && !(expires.getTime() > Date.now())) {
          throw new ApiProblem("invalid-request", "body: expiresAt: expected a time that is to come");
        }
        const made = await tokens.create(caller, ownOrAdministered(caller, named), name, expires);
        return { ...toToken(made), token: made.token };
      },
    ),
    route(
      {
        method: "delete",
        path: "/tokens/{id}",
        operationId: "revokeToken",
        tag,
        summary: "Revoke a token",
        role: "viewer",
        params: z.object({ id: z.uuid() }),
        status: 204,
        problems: ["not-found"],
      },
      async ({ caller, params: { id } }) => {
        await tokens.revoke(caller, id);
        return undefined;
      },
    ),
  ];
}

function ownOrAdministered(caller: Caller, named: string | undefined): string {
  if (named === undefined || named === caller.user || caller.role === "admin") return named ?? caller.user;
  throw new ApiProblem("forbidden", `only administrators see tokens of others; ${caller.user} is none`);
}
