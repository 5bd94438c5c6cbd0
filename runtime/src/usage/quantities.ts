import { Big } from "big.js";
import type { UsageSums } from "./usage-row.ts";

/** Gigabytes of 10^9 bytes times seconds, of one mebibyte for one millisecond. */
const GIGABYTE_SECONDS_OF_MEBIBYTE_MILLISECOND = new Big("0.000001048576");
const THOUSANDTH = new Big("0.001");
const MILLIONTH = new Big("0.000001");
const ZERO = new Big(0);

/** What has a price, as exact decimals. */
export interface Quantities {
  readonly invocations: Big;
  readonly gigabyteSeconds: Big;
  readonly cpuSeconds: Big;
}

export const QUANTITY_NAMES = ["invocations", "gigabyteSeconds", "cpuSeconds"] as const;
export type QuantityName = (typeof QUANTITY_NAMES)[number];

export const NO_QUANTITIES: Quantities = { invocations: ZERO, gigabyteSeconds: ZERO, cpuSeconds: ZERO };

/** Make something of each quantity. */
export function eachQuantity<Value>(make: (name: QuantityName) => Value): Record<QuantityName, Value> {
  return {
    invocations: make("invocations"),
    gigabyteSeconds: make("gigabyteSeconds"),
    cpuSeconds: make("cpuSeconds"),
  };
}

/** Nothing is divided, so that nothing is rounded. */
export function quantitiesOf({ runs, mebibyteMilliseconds, cpuMicroseconds }: UsageSums): Quantities {
  return {
    invocations: new Big(runs.toString()),
    gigabyteSeconds: new Big(mebibyteMilliseconds.toString()).times(GIGABYTE_SECONDS_OF_MEBIBYTE_MILLISECOND),
    cpuSeconds: new Big(cpuMicroseconds.toString()).times(MILLIONTH),
  };
}

export function billedSecondsOf({ billedMilliseconds }: Pick<UsageSums, "billedMilliseconds">): Big {
  return new Big(billedMilliseconds.toString()).times(THOUSANDTH);
}

/** The lesser of two. */
export function least(one: Big, other: Big): Big {
  return one.lt(other) ? one : other;
}

/** A decimal as people write it, never with an exponent. */
export function decimalText(value: Big): string {
  return value.toFixed();
}
