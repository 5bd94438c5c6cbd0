import type { Database, Transaction } from "../database/database.ts";
import { auditLog } from "../database/schema.ts";
import type { Caller } from "./caller.ts";

/**
 * Note who changed what. Nothing is noted where the transaction that changes it fails, and nothing is changed where
 * this fails. What is not in the database, such as a topic, is noted once it has changed.
 *
 * @param tx the transaction that makes the change; the database where no transaction can.
 * @param action `thing.verb`, such as `function.deploy`.
 * @param target the thing's name.
 * @param details what else is of interest, to be kept as JSON; never a secret.
 */
export async function recordAudit(
  tx: Transaction | Database,
  caller: Caller,
  action: string,
  target: string,
  details: object = {},
): Promise<void> {
  await tx.insert(auditLog).values({
    user: keepable(caller.user),
    action,
    target: keepable(target),
    details: JSON.parse(JSON.stringify(details), (_, value: unknown) =>
      typeof value === "string" ? keepable(value) : value,
    ),
    address: caller.address,
  });
}

/** PostgreSQL keeps neither the character 0 nor halves of characters: a change must not fail for them. */
function keepable(text: string): string {
  return text.toWellFormed().replaceAll("\0", "\uFFFD");
}
