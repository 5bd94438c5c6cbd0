import { digestOf } from "../../src/access/tokens.ts";
import type { Database } from "../../src/database/database.ts";
import { tokens, users } from "../../src/database/schema.ts";

/** Users besides the administrator, by their names; a token is its user's name with `-token` behind it. */
const ROLES = { ada: "editor", bob: "editor", eve: "viewer" } as const;

/** The token of one of these users. */
export function tokenOf(user: keyof typeof ROLES): string {
  return `${user}-token`;
}

export async function addUsers(db: Database): Promise<void> {
  for (const [name, role] of Object.entries(ROLES)) {
    await db.insert(users).values({ name, role, origin: "api" });
    const digest = digestOf(`${name}-token`);
    await db.insert(tokens).values({ user: name, name: "of tests", digest });
  }
}
