import { isAmount } from "./decimals";

/** What is entered of a budget, as text. */
export interface BudgetInput {
  readonly owner: string;
  readonly amount: string;
  /** In per cent. */
  readonly warnAt: string;
  readonly isHard: boolean;
}

/** What is wrong with it, by field. */
export interface BudgetFaults {
  readonly owner?: string;
  readonly amount?: string;
  readonly warnAt?: string;
}

/** A share as per cent, without the last digits that binary numbers make. */
export function percentText(share: number): string {
  return String(Math.round(share * 1e8) / 1e6);
}

/** Look over what was entered. */
export function faultsOf({ owner, amount, warnAt }: BudgetInput, taken: readonly string[]): BudgetFaults {
  return {
    ...(owner.trim() === "" || owner.length > 190 || owner.includes("/")
      ? { owner: "A login, without slashes." }
      : taken.includes(owner) && { owner: "This owner has a budget: change that one." }),
    ...(!isAmount(amount) && {
      amount: "A decimal number such as 10.00, with 6 digits behind the point at most.",
    }),
    ...(!isPercent(warnAt) && { warnAt: "A number from 0 to 100." }),
  };
}

/** What the API is told. */
export function budgetBody({ amount, warnAt, isHard }: BudgetInput): {
  amount: string;
  warnAt: number;
  isHard: boolean;
} {
  return { amount, warnAt: Number(warnAt) / 100, isHard };
}

function isPercent(text: string): boolean {
  return /^\d{1,3}(\.\d+)?$/.test(text) && Number(text) <= 100;
}
