import { asc, eq } from "drizzle-orm";
import type { Database, Transaction } from "../database/database.ts";
import { budgets } from "../database/schema.ts";

/** What an owner may spend in a month. */
export type Budget = typeof budgets.$inferSelect;

/** All budgets, by their owners' names. @param owner this one's alone. */
export async function findBudgets(db: Database | Transaction, owner?: string): Promise<Budget[]> {
  return await db
    .select()
    .from(budgets)
    .where(owner === undefined ? undefined : eq(budgets.owner, owner))
    .orderBy(asc(budgets.owner));
}

export async function setBudget(tx: Transaction, budget: Omit<Budget, "updatedAt">): Promise<void> {
  const { owner, ...values } = { ...budget, updatedAt: new Date() };
  await tx
    .insert(budgets)
    .values({ owner, ...values })
    .onConflictDoUpdate({ target: budgets.owner, set: values });
}

/** @returns whether there was one. */
export async function deleteBudget(tx: Transaction, owner: string): Promise<boolean> {
  const deleted = await tx
    .delete(budgets)
    .where(eq(budgets.owner, owner))
    .returning({ owner: budgets.owner });
  return deleted.length > 0;
}
