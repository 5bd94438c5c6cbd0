import { BudgetGate, type OwnerRefusal } from "./budget-gate.ts";
import { type OwnerRate, OwnerRates } from "./owner-rates.ts";

/** What the owner of a function may not go beyond: a budget, and a rate of calls. */
export class OwnerLimits {
  readonly budgets: BudgetGate;
  readonly #rates: OwnerRates;

  /** @param rate undefined: calls are as many as they like. */
  constructor(rate: OwnerRate | undefined, budgets = new BudgetGate()) {
    this.budgets = budgets;
    this.#rates = new OwnerRates(rate);
  }

  /** A call of one of an owner's functions has come. @returns why it is not taken, where it is not. */
  refusal(owner: string): OwnerRefusal | undefined {
    return this.budgets.refusal(owner) ?? this.#rates.refusal(owner);
  }
}
