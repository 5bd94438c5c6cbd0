import { type Month, nextMonth, startOf } from "./calendar.ts";

/** Why a call of an owner's function is not taken. */
export interface OwnerRefusal {
  readonly outcome: "budget-spent" | "too-many-requests";
  readonly message: string;
  readonly retryAfterSeconds: number;
  /** ISO 8601; of a budget alone. */
  readonly resetsAt?: string;
}

/** A hard budget that is spent. */
export interface SpentBudget {
  readonly owner: string;
  readonly month: Month;
  /** Such as `10.00 EUR`. */
  readonly amount: string;
}

/** Refuses calls of owners who have spent a hard budget. */
export class BudgetGate {
  #spent: ReadonlyMap<string, SpentBudget> = new Map();
  readonly #listeners = new Set<() => void>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Hear that somebody's budget is spent, or not any more. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** These are spent, and no others. */
  set(spent: readonly SpentBudget[]): void {
    const before = this.#spent;
    this.#spent = new Map(spent.map((each) => [each.owner, each]));
    const isSame = before.size === this.#spent.size && spent.every(({ owner }) => before.has(owner));
    if (!isSame) for (const listener of this.#listeners) listener();
  }

  /** Why nothing of this owner's is called now; undefined: it is. */
  refusal(owner: string): OwnerRefusal | undefined {
    // Most installations have no spent budget at any time, and every call comes here.
    if (this.#spent.size === 0) return undefined;
    const spent = this.#spent.get(owner);
    if (spent === undefined) return undefined;
    const reset = startOf(nextMonth(spent.month));
    const resetsAt = new Date(reset).toISOString();
    return {
      outcome: "budget-spent",
      message: `${owner === "" ? "functions without an owner have" : `${owner} has`} spent the ${spent.amount} of ${spent.month}; calls are taken again from ${resetsAt} on, or once the budget is raised`,
      retryAfterSeconds: Math.max(1, Math.ceil((reset - this.#now()) / 1000)),
      resetsAt,
    };
  }
}
