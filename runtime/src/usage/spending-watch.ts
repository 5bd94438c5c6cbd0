import { Big } from "big.js";
import { sql } from "drizzle-orm";
import type { Logger } from "pino";
import type { Database } from "../database/database.ts";
import { explainDatabaseError } from "../database/explain.ts";
import type { OwnerSpending } from "../observability/usage-metrics.ts";
import type { BudgetGate, SpentBudget } from "./budget-gate.ts";
import { type Budget, findBudgets } from "./budgets.ts";
import { dayOf, monthOf } from "./calendar.ts";
import { shareOf, spendingOf } from "./forecast.ts";
import type { PriceBook } from "./price-book.ts";
import { decimalsOf } from "./price-list.ts";
import { spendingOfMonth } from "./stored-usage.ts";
import type { UsageMeter } from "./usage-meter.ts";
import type { UsageRow } from "./usage-row.ts";

const TICK_MILLISECONDS = 1_000;
/** The database is asked every so many ticks for owners with budgets, and every so many for all of them. */
const TICKS_OF_BUDGETS = 5;
const TICKS_OF_ALL = 60;

/** What a {@link SpendingWatch} needs. */
export interface SpendingWatchParts {
  readonly db: Database;
  readonly prices: PriceBook;
  readonly meter: UsageMeter;
  readonly gate: BudgetGate;
  /** Shows what owners spend. */
  readonly show: (spending: readonly OwnerSpending[]) => void;
  readonly log: Logger;
  readonly now?: () => number;
}

/** What the database said when it was asked last. */
interface Known {
  readonly budgets: readonly Budget[];
  readonly rows: ReadonlyMap<string, readonly UsageRow[]>;
}

/**
 * Knows what owners spend: what the database has, and of owners with budgets what ran here since then. While the
 * database is away, what it said last counts on.
 */
export class SpendingWatch {
  readonly #parts: SpendingWatchParts;
  readonly #now: () => number;
  #known: Known = { budgets: [], rows: new Map() };
  #ticks = 0;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isStopped = false;
  #isAway = false;
  /** Owners whose hard budget is spent, and those who are near it. */
  #told = new Map<string, "spent" | "warning">();

  constructor(parts: SpendingWatchParts) {
    this.#parts = parts;
    this.#now = parts.now ?? Date.now;
  }

  async start(): Promise<void> {
    await this.look(true);
    this.#timer = setInterval(() => void this.#tick(), TICK_MILLISECONDS);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#looking.catch(() => {});
  }

  /**
   * Ask the database now.
   *
   * @param all for owners without a budget, too.
   */
  async look(all = false): Promise<void> {
    // One after the other: an older answer must not come after a newer one.
    this.#looking = this.#looking.catch(() => {}).then(() => this.#look(all));
    await this.#looking;
  }

  async #tick(): Promise<void> {
    this.#ticks += 1;
    this.#parts.meter.take();
    this.#judge();
    const all = this.#ticks % TICKS_OF_ALL === 0;
    if (!all && this.#ticks % TICKS_OF_BUDGETS !== 0) return;
    try {
      await this.look(all);
      await this.#parts.prices.retry();
      this.#isAway = false;
    } catch (error) {
      if (!this.#isAway && !this.#isStopped) {
        this.#parts.log.warn(
          { reason: explainDatabaseError(error) },
          "the database does not say what owners spend; budgets go by what it said last",
        );
      }
      this.#isAway = true;
    }
  }

  async #look(all: boolean): Promise<void> {
    if (this.#isStopped) return;
    const { db, meter } = this.#parts;
    const month = monthOf(dayOf(this.#now()));
    const { budgets, rows, drainedAt } = await db.transaction(
      async (tx) => {
        const found = await findBudgets(tx);
        const owners = all ? undefined : found.map(({ owner }) => owner);
        return {
          budgets: found,
          rows: owners?.length === 0 ? [] : await spendingOfMonth(tx, month, owners),
          drainedAt: await drainedUntil(tx),
        };
      },
      { isolationLevel: "repeatable read", accessMode: "read only" },
    );
    meter.recent.keep(budgets.map(({ owner }) => owner));
    meter.recent.forget(drainedAt);
    const ofOwners = Map.groupBy(rows, ({ owner }) => owner);
    const others = all ? [] : [...this.#known.rows].filter(([owner]) => !isAmong(budgets, owner));
    this.#known = { budgets, rows: new Map([...others, ...ofOwners]) };
    this.#judge();
  }

  /** What holds now: prices and days change without the database. */
  #judge(): void {
    const { prices, gate, show, meter } = this.#parts;
    const { list } = prices;
    const now = this.#now();
    const owners = new Set([...this.#known.rows.keys(), ...this.#known.budgets.map(({ owner }) => owner)]);
    const spent: SpentBudget[] = [];
    const shown: OwnerSpending[] = [];
    const told = new Map<string, "spent" | "warning">();
    for (const owner of owners) {
      const rows = [...(this.#known.rows.get(owner) ?? []), ...meter.recent.rowsOf(owner)];
      const spending = spendingOf(rows, list, owner, now);
      const budget = this.#known.budgets.find((each) => each.owner === owner);
      const state = budget && stateOf(budget, spending.spent);
      shown.push({
        owner,
        spent: spending.spent.toNumber(),
        today: spending.today.toNumber(),
        forecast: spending.forecast.toNumber(),
        budget: budget && {
          spentRatio: shareOf(spending.spent, new Big(budget.amount)),
          warnAt: budget.warnAt,
          isHard: budget.isHard,
        },
      });
      if (budget === undefined || state === undefined || state === "within") continue;
      const amount = `${new Big(budget.amount).toFixed(decimalsOf(list.currency))} ${list.currency}`;
      told.set(owner, state);
      if (this.#told.get(owner) !== state) this.#tell(owner, amount, state, budget.isHard);
      if (state === "spent" && budget.isHard) spent.push({ owner, month: spending.month, amount });
    }
    this.#told = told;
    show(shown);
    gate.set(spent);
  }

  #tell(owner: string, amount: string, state: "spent" | "warning", isHard: boolean): void {
    const { log } = this.#parts;
    if (state === "warning") log.warn({ owner }, `${owner} has spent most of the budget of ${amount}`);
    else if (isHard) {
      log.error(
        { owner },
        `${owner} has spent the budget of ${amount}: calls are refused, and events wait, until the month is over or the budget is raised`,
      );
    } else log.warn({ owner }, `${owner} has spent the budget of ${amount}`);
  }
}

/** What spending is to a budget. */
export function stateOf({ amount, warnAt }: Budget, spent: Big): "within" | "warning" | "spent" {
  if (spent.gte(amount)) return "spent";
  return spent.gte(new Big(amount).times(warnAt)) ? "warning" : "within";
}

function isAmong(budgets: readonly Budget[], name: string): boolean {
  return budgets.some(({ owner }) => owner === name);
}

/** Until when what ran is in the database, Unix milliseconds: its stream's positions begin with the time. */
async function drainedUntil(tx: { execute: Database["execute"] }): Promise<number> {
  const { rows } = await tx.execute<{ position: string }>(
    sql`select position from drained where stream = 'gaugelet:runs'`,
  );
  return Number.parseInt(rows[0]?.position ?? "0", 10);
}
