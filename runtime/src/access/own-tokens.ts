import { and, asc, count, eq, gt, isNull, or, sql } from "drizzle-orm";
import { ApiProblem } from "../api/problems.ts";
import type { Database } from "../database/database.ts";
import { tokens, users } from "../database/schema.ts";
import { recordAudit } from "./audit.ts";
import { type Caller, includesRole } from "./caller.ts";
import { digestOf, newToken } from "./tokens.ts";

/** Whoever needs more forgets to revoke them. */
const MAX_TOKENS = 100;

/** A token as the database has it. */
export type Token = typeof tokens.$inferSelect;

/** Where a page of tokens goes on: behind this one. */
export interface TokenPlace {
  readonly createdAt: Date;
  readonly id: string;
}

/** The tokens of users, which are not revoked. Each change is in the audit log. */
export class OwnTokens {
  readonly #db: Database;
  readonly #onChange: () => void;

  /** @param onChange is called after each revocation. */
  constructor(db: Database, onChange: () => void) {
    this.#db = db;
    this.#onChange = onChange;
  }

  /** From the oldest on, those that have expired too. @param user undefined: of all users. */
  async list(user: string | undefined, limit: number, after: TokenPlace | undefined): Promise<Token[]> {
    const isBehind =
      after &&
      or(
        gt(tokens.createdAt, after.createdAt),
        and(eq(tokens.createdAt, after.createdAt), gt(tokens.id, after.id)),
      );
    return await this.#db
      .select()
      .from(tokens)
      .where(and(user === undefined ? undefined : eq(tokens.user, user), isNull(tokens.revokedAt), isBehind))
      .orderBy(asc(tokens.createdAt), asc(tokens.id))
      .limit(limit);
  }

  /**
   * Make a token of a user.
   *
   * @param expiresAt undefined: never.
   * @returns the token itself, which nothing can tell again.
   * @throws ApiProblem `not-found` where there is no such user; `forbidden` where the token could do more than its
   *   maker may; `conflict` where the user has too many.
   */
  async create(
    caller: Caller,
    user: string,
    name: string,
    expiresAt: Date | undefined,
  ): Promise<Token & { readonly token: string }> {
    const token = newToken();
    const made = await this.#db.transaction(async (tx) => {
      const [found] = await tx
        .select()
        .from(users)
        .where(and(eq(users.name, user), isNull(users.deletedAt)))
        .for("update");
      if (found === undefined) {
        throw new ApiProblem("not-found", `there is no user ${JSON.stringify(user)}`);
      }
      if (!includesRole(caller.role, found.role)) {
        throw new ApiProblem(
          "forbidden",
          `a token of ${user} would have the role ${found.role}, and this request has the role ${caller.role}`,
        );
      }
      const [row] = await tx
        .select({ tokens: count() })
        .from(tokens)
        .where(
          and(
            eq(tokens.user, user),
            isNull(tokens.revokedAt),
            or(isNull(tokens.expiresAt), gt(tokens.expiresAt, sql`now()`)),
          ),
        );
      if ((row?.tokens ?? 0) >= MAX_TOKENS) {
        throw new ApiProblem("conflict", `${user} has ${MAX_TOKENS} tokens; revoke those that are not used`);
      }
      const values = { user, name, digest: digestOf(token), ...(expiresAt && { expiresAt }) };
      const [inserted] = await tx.insert(tokens).values(values).returning();
      if (inserted === undefined) throw new Error("the database returned no token");
      await recordAudit(tx, caller, "token.create", user, { id: inserted.id, name });
      return inserted;
    });
    return { ...made, token };
  }

  /**
   * From now on a token is nobody's.
   *
   * @throws ApiProblem `not-found` where there is no such token, or it is one of another user's and the caller does
   *   not administer.
   */
  async revoke(caller: Caller, id: string): Promise<void> {
    await this.#db.transaction(async (tx) => {
      const [revoked] = await tx
        .update(tokens)
        .set({ revokedAt: sql`now()` })
        .where(
          and(
            eq(tokens.id, id),
            isNull(tokens.revokedAt),
            caller.role === "admin" ? undefined : eq(tokens.user, caller.user),
          ),
        )
        .returning();
      if (revoked === undefined) throw new ApiProblem("not-found", `there is no token ${id}`);
      await recordAudit(tx, caller, "token.revoke", revoked.user, { id, name: revoked.name });
    });
    this.#onChange();
  }
}
