import type { Logger } from "pino";
import type { Route } from "../api/route.ts";
import { billRoutes } from "../api/routes/bills.ts";
import { budgetRoutes } from "../api/routes/budgets.ts";
import { usageRoutes } from "../api/routes/usage.ts";
import type { Database } from "../database/database.ts";
import type { UsageMetrics } from "../observability/usage-metrics.ts";
import { acceptedPrices } from "./accepted-prices.ts";
import type { OwnerLimits } from "./owner-limits.ts";
import type { PriceBook } from "./price-book.ts";
import { SpendingWatch } from "./spending-watch.ts";
import type { UsageMeter } from "./usage-meter.ts";

/** What of usage is there before the database is. */
export interface UsageParts {
  readonly prices: PriceBook;
  readonly meter: UsageMeter;
  readonly limits: OwnerLimits;
  readonly metrics: UsageMetrics;
}

/** Usage, bills and budgets behind the API. */
export interface OpenUsage {
  readonly routes: readonly Route[];
  stop(): Promise<void>;
}

/** Watch what owners spend, and answer for it. */
export async function openUsage(
  db: Database,
  { prices, meter, limits, metrics }: UsageParts,
  log: Logger,
): Promise<OpenUsage> {
  await prices.keepIn(acceptedPrices(db));
  const watch = new SpendingWatch({
    db,
    prices,
    meter,
    gate: limits.budgets,
    show: (spending) => metrics.show(spending),
    log,
  });
  await watch.start();
  return {
    routes: [...usageRoutes(db, prices), ...billRoutes(db, prices), ...budgetRoutes(db, prices, watch)],
    stop: () => watch.stop(),
  };
}
