import { digestOf } from "../../src/access/tokens.ts";
import type { Database } from "../../src/database/database.ts";
import type { Role } from "../../src/database/schema/access.ts";
import { tokens, users } from "../../src/database/schema.ts";

/** The token of a user that {@link makeUsers} made. */
export function tokenOf(user: string): string {
  return `gaugelet_of-${user}`;
}

/** Make users, each with a token: for tests that are not about users. */
export function makeUsers(roles: Readonly<Record<string, Role>>) {
  return async (db: Database): Promise<void> => {
    for (const [name, role] of Object.entries(roles)) {
      await db.insert(users).values({ name, role, origin: "api" });
      await db.insert(tokens).values({ user: name, name: "test", digest: digestOf(tokenOf(name)) });
    }
  };
}
