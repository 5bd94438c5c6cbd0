import { createHash, randomBytes } from "node:crypto";
import { and, eq, gt, isNull, lt, or, sql } from "drizzle-orm";
import type { Database } from "../database/database.ts";
import { tokens, users } from "../database/schema.ts";
import type { KnownUser } from "./known-callers.ts";

/** So that people and programs that look for leaked secrets recognise one. */
const PREFIX = "gaugelet_";
const RANDOM_BYTES = 32;
const MINUTE = sql`interval '1 minute'`;

/** A new token. It is shown once, and only its digest is kept. */
export function newToken(): string {
  return PREFIX + randomBytes(RANDOM_BYTES).toString("base64url");
}

/** What is kept of a token: it is as random as its digest, so that a salt would add nothing. */
export function digestOf(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/**
 * The user whose token this is, which counts as a use of it; undefined: nobody's, or no longer.
 *
 * @param digest as {@link digestOf} makes it.
 */
export async function userOfToken(db: Database, digest: Buffer): Promise<KnownUser | undefined> {
  const [found] = await db
    .select({
      user: users.name,
      role: users.role,
      id: tokens.id,
      expiresAt: tokens.expiresAt,
      isUsedOften: sql<boolean | null>`${tokens.lastUsedAt} > now() - ${MINUTE}`,
    })
    .from(tokens)
    .innerJoin(users, eq(users.name, tokens.user))
    .where(
      and(
        eq(tokens.digest, digest),
        isNull(tokens.revokedAt),
        isNull(users.deletedAt),
        or(isNull(tokens.expiresAt), gt(tokens.expiresAt, sql`now()`)),
      ),
    );
  if (found === undefined) return undefined;
  // Nobody waits for it, and where it fails the next use writes it.
  if (found.isUsedOften !== true) noteUse(db, found.id).catch(() => {});
  return { user: found.user, role: found.role, expiresAt: found.expiresAt?.getTime() };
}

async function noteUse(db: Database, id: string): Promise<void> {
  await db
    .update(tokens)
    .set({ lastUsedAt: sql`now()` })
    .where(
      and(eq(tokens.id, id), or(isNull(tokens.lastUsedAt), lt(tokens.lastUsedAt, sql`now() - ${MINUTE}`))),
    );
}
