import { and, desc, eq, gte, lt } from "drizzle-orm";
import type { Database } from "../database/database.ts";
import { auditLog } from "../database/schema.ts";

/** One change, as the database has it. */
export type AuditEntry = typeof auditLog.$inferSelect;

/** Which changes are asked for; what is undefined matches all. */
export interface AuditFilter {
  readonly user?: string | undefined;
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  /** From this time on, */
  readonly from?: Date | undefined;
  /** and before this one. */
  readonly to?: Date | undefined;
}

/** Changes, the newest first. @param before only those older than this one. */
export async function listAudit(
  db: Database,
  { user, action, target, from, to }: AuditFilter,
  limit: number,
  before: number | undefined,
): Promise<AuditEntry[]> {
  return await db
    .select()
    .from(auditLog)
    .where(
      and(
        user === undefined ? undefined : eq(auditLog.user, user),
        action === undefined ? undefined : eq(auditLog.action, action),
        target === undefined ? undefined : eq(auditLog.target, target),
        from === undefined ? undefined : gte(auditLog.at, from),
        to === undefined ? undefined : lt(auditLog.at, to),
        before === undefined ? undefined : lt(auditLog.id, before),
      ),
    )
    .orderBy(desc(auditLog.id))
    .limit(limit);
}
