import { and, eq, isNull, ne } from "drizzle-orm";
import type { Database } from "../database/database.ts";
import type { Role } from "../database/schema/access.ts";
import { users } from "../database/schema.ts";
import { recordAudit } from "./audit.ts";
import type { KnownUser } from "./known-callers.ts";

/**
 * Let somebody in whom Grafana vouches for: at the first visit the user is made, and at each the role of a user that
 * Grafana made follows Grafana's. That of a user whom an administrator gave one stays as it is for their tokens.
 *
 * @param role what Grafana says, and what the visit may do, whatever the user's own role is: whoever has taken the
 *   login of an administrator in Grafana is none here for it.
 * @returns undefined where the user was deleted.
 */
export async function admitVisit(
  db: Database,
  name: string,
  role: Role,
  address: string,
): Promise<KnownUser | undefined> {
  const [found] = await db.select().from(users).where(eq(users.name, name));
  if (found?.deletedAt != null) return undefined;
  const isAsGrafanaSays = found !== undefined && (found.origin === "api" || found.role === role);
  if (!isAsGrafanaSays) await follow(db, name, role, address);
  return { user: name, role };
}

async function follow(db: Database, name: string, role: Role, address: string): Promise<void> {
  const caller = { user: name, role, by: "grafana", address } as const;
  await db.transaction(async (tx) => {
    const made = await tx
      .insert(users)
      .values({ name, role, origin: "grafana" })
      .onConflictDoNothing()
      .returning();
    if (made.length > 0) {
      await recordAudit(tx, caller, "user.create", name, { role });
      return;
    }
    const changed = await tx
      .update(users)
      .set({ role })
      .where(
        and(eq(users.name, name), eq(users.origin, "grafana"), isNull(users.deletedAt), ne(users.role, role)),
      )
      .returning();
    if (changed.length > 0) await recordAudit(tx, caller, "user.role", name, { to: role });
  });
}
