import type { Answer, ItemOf } from "../api/types";

export type Bill = ItemOf<"getBills">;
export type BillLine = Bill["lines"][number];
export type Prices = Answer<"getPrices">;
export type PricePeriod = Prices["periods"][number];
