import type { Transaction } from "../database/database.ts";
import { auditLog } from "../database/schema.ts";
import type { Caller } from "./caller.ts";

/**
 * Note who changed what, in the transaction that changes it.
 *
 * @param action such as `function.deploy`.
 * @param target such as the function's name.
 */
export async function recordAudit(
  tx: Transaction,
  { user, address }: Caller,
  action: string,
  target: string,
  details: object,
): Promise<void> {
  await tx.insert(auditLog).values({ user, action, target, details, address });
}
