import type { CostOf } from "../api/contract/runs.ts";
import { listPriceOf } from "./bill.ts";
import { dayOf } from "./calendar.ts";
import type { PriceBook } from "./price-book.ts";
import { decimalText } from "./quantities.ts";

/** What a run costs by the list of its day, without the free tier, which is the month's. */
export function costOfRun(prices: Pick<PriceBook, "list">): CostOf {
  return ({ billedMilliseconds, mebibyteMilliseconds, cpuMicroseconds, class: className, queuedAt }) => {
    const usage = {
      runs: 1n,
      billedMilliseconds: BigInt(billedMilliseconds),
      mebibyteMilliseconds: BigInt(mebibyteMilliseconds),
      cpuMicroseconds: BigInt(cpuMicroseconds),
    };
    return decimalText(listPriceOf(usage, prices.list, dayOf(queuedAt.getTime()), className));
  };
}
