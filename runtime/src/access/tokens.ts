import { createHash, randomBytes } from "node:crypto";
import { and, eq, gt, isNull, or, sql } from "drizzle-orm";
import type { Database } from "../database/database.ts";
import type { Role } from "../database/schema/access.ts";
import { tokens, users } from "../database/schema.ts";

/** So that people and programs that look for leaked secrets recognise one. */
const PREFIX = "gaugelet_";
const RANDOM_BYTES = 32;

/** A new token. It is shown once, and only its digest is kept. */
export function newToken(): string {
  return PREFIX + randomBytes(RANDOM_BYTES).toString("base64url");
}

/** What is kept of a token: it is as random as its digest, so that a salt would add nothing. */
export function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/** The user whose token this is; undefined: nobody's, or no longer. */
export async function userOfToken(
  db: Database,
  token: string,
): Promise<{ readonly user: string; readonly role: Role } | undefined> {
  const [found] = await db
    .select({ user: users.name, role: users.role })
    .from(tokens)
    .innerJoin(users, eq(users.name, tokens.user))
    .where(
      and(
        eq(tokens.digest, digestOf(token)),
        isNull(tokens.revokedAt),
        isNull(users.deletedAt),
        or(isNull(tokens.expiresAt), gt(tokens.expiresAt, sql`now()`)),
      ),
    );
  return found;
}
