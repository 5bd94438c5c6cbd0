import { Big } from "big.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Bill, billOf, spentOf } from "../../../src/usage/bill.ts";
import type { PriceList } from "../../../src/usage/price-list.ts";
import { QUANTITY_NAMES } from "../../../src/usage/quantities.ts";
import type { UsageRow } from "../../../src/usage/usage-row.ts";
import { period, priceList, usageRow } from "./prices.ts";

const MONTH = "2026-11";
const bill = (rows: readonly UsageRow[], list: PriceList = priceList()): Bill =>
  billOf(rows, list, "ada", MONTH);

describe("a bill", () => {
  test("prices runs, memory and processor time to the last digit", () => {
    const made = bill([
      usageRow({
        runs: 1_234_567n,
        billedMilliseconds: 7_000n,
        mebibyteMilliseconds: 1_000_000_000n,
        cpuMicroseconds: 1n,
      }),
    ]);
    // 1,234,567 × 0.20 / 10^6; 1,048.576 GB s × 0.000015; 0.000001 s × 0.00002
    expect(made.lines[0]?.amounts).toEqual({
      invocations: "0.2469134",
      gigabyteSeconds: "0.01572864",
      cpuSeconds: "0.00000000002",
    });
    expect(made.exactTotal).toBe("0.26264204002");
    expect(made.total).toBe("0.26");
    expect(made.lines[0]).toMatchObject({ runs: 1_234_567, billedSeconds: "7", gigabyteSeconds: "1048.576" });
  });

  test("rounds each line, half a cent up, and adds the rounded ones", () => {
    // 25,000 runs are exactly half a cent.
    const made = bill([
      usageRow({ function: "a", runs: 25_000n }),
      usageRow({ function: "b", runs: 25_000n }),
      usageRow({ function: "c", runs: 24_999n }),
    ]);
    expect(made.lines.map(({ amount }) => amount)).toEqual(["0.01", "0.01", "0.00"]);
    expect(made.total).toBe("0.02");
    expect(made.exactTotal).toBe("0.0149998");
  });

  test("rounds to the smallest coin of its currency", () => {
    const yen = priceList({ currency: "JPY" });
    expect(bill([usageRow({ runs: 7_500_000n })], yen).total).toBe("2");
  });

  test("prices each day by the period that it is in", () => {
    const list = priceList({ periods: [period("2026-01-01"), period("2026-11-10", 3)] });
    const made = bill(
      [
        usageRow({ day: "2026-11-09", runs: 1_000_000n }),
        usageRow({ day: "2026-11-10", runs: 1_000_000n }),
        usageRow({ day: "2026-11-10", class: "premium", runs: 1_000_000n }),
      ],
      list,
    );
    expect(made.lines.flatMap(({ days }) => days.map(({ amount }) => amount))).toEqual(["1.2", "0.2", "0.6"]);
  });

  test("charges nothing before the first period", () => {
    const list = priceList({ periods: [period("2026-11-10")] });
    expect(bill([usageRow({ day: "2026-11-09", runs: 1_000_000n })], list).total).toBe("0.00");
  });

  test("uses the free tier up day by day, in each quantity for itself", () => {
    const free = { invocations: 1_500_000, gigabyteSeconds: "0.5" };
    const list = priceList({ periods: [period("2026-01-01", 1, free)] });
    const made = bill(
      [
        usageRow({ day: "2026-11-02", runs: 1_000_000n }),
        usageRow({ day: "2026-11-01", runs: 1_000_000n, mebibyteMilliseconds: 1_000_000n }),
      ],
      list,
    );
    expect(made.lines[0]?.days.map(({ day, amount }) => [day, amount])).toEqual([
      ["2026-11-01", "0.00000822864"],
      ["2026-11-02", "0.1"],
    ]);
    expect(made.freeTier).toEqual({
      invocations: { included: "1500000", used: "1500000" },
      gigabyteSeconds: { included: "0.5", used: "0.5" },
      cpuSeconds: { included: "0", used: "0" },
    });
  });

  test("has the free tier of the period that the month begins in", () => {
    const periods = [
      period("2026-01-01", 1, { invocations: 10 }),
      period("2026-11-02", 1, { invocations: 99 }),
    ];
    expect(bill([], priceList({ periods })).freeTier.invocations.included).toBe("10");
    expect(billOf([], priceList({ periods }), "ada", "2026-12").freeTier.invocations.included).toBe("99");
  });

  test("leaves out other owners and other months", () => {
    const rows = [
      usageRow({ owner: "bob", runs: 1n }),
      usageRow({ day: "2026-10-31", runs: 1n }),
      usageRow({ day: "2026-12-01", runs: 1n }),
    ];
    expect(bill(rows).lines).toEqual([]);
  });
});

const rows = fc.array(
  fc.record({
    day: fc.integer({ min: 1, max: 30 }).map((day) => `2026-11-${String(day).padStart(2, "0")}`),
    owner: fc.constant("ada"),
    function: fc.constantFrom("a", "b", 'c","d'),
    class: fc.constantFrom("standard", "premium"),
    runs: fc.bigInt({ min: 0n, max: 10n ** 12n }),
    billedMilliseconds: fc.bigInt({ min: 0n, max: 10n ** 15n }),
    mebibyteMilliseconds: fc.bigInt({ min: 0n, max: 10n ** 18n }),
    cpuMicroseconds: fc.bigInt({ min: 0n, max: 10n ** 18n }),
  }),
  { maxLength: 40 },
);

const lists = fc
  .record({
    factor: fc.integer({ min: 0, max: 9 }),
    change: fc.integer({ min: 1, max: 30 }),
    invocations: fc.integer({ min: 0, max: 10 ** 13 }),
    gigabyteSeconds: fc.integer({ min: 0, max: 10 ** 13 }).map((hundredths) => (hundredths / 100).toFixed(2)),
  })
  .map(({ factor, change, invocations, gigabyteSeconds }) =>
    priceList({
      periods: [
        period("2026-01-01", 1, { invocations, gigabyteSeconds }),
        period(`2026-11-${String(change).padStart(2, "0")}`, factor),
      ],
    }),
  );

const sum = (amounts: readonly string[]): Big =>
  amounts.reduce((all, amount) => all.plus(amount), new Big(0));

describe("whatever was used", () => {
  test("sums of days, of lines and the totals match", () => {
    fc.assert(
      fc.property(rows, lists, (used, list) => {
        const { lines, total, exactTotal } = bill(used, list);
        expect(total).toBe(sum(lines.map(({ amount }) => amount)).toFixed(2));
        for (const { days, amounts, amount, runs } of lines) {
          const exact = sum(Object.values(amounts));
          expect(sum(days.map((day) => day.amount)).eq(exact)).toBe(true);
          expect(exact.toFixed(2, Big.roundHalfUp)).toBe(amount);
          expect(days.reduce((all, day) => all + day.runs, 0)).toBe(runs);
        }
        const exact = sum(lines.flatMap(({ amounts }) => Object.values(amounts)));
        expect(exact.eq(exactTotal)).toBe(true);
        // Half a cent a line at most.
        expect(exact.minus(total).abs().lte(new Big("0.005").times(lines.length))).toBe(true);
      }),
    );
  });

  test("neither the order of rows matters, nor how many rows a day is divided into", () => {
    fc.assert(
      fc.property(rows, lists, fc.integer({ min: 1, max: 7 }), (used, list, parts) => {
        const divided = used.flatMap((row) => divide(row, BigInt(parts)));
        expect(bill(divided.toReversed(), list)).toEqual(bill(used, list));
      }),
    );
  });

  test("the free tier is used from nothing to all of it, and never more than was used", () => {
    fc.assert(
      fc.property(rows, lists, (used, list) => {
        const { freeTier, lines } = bill(used, list);
        for (const name of QUANTITY_NAMES) {
          expect(new Big(freeTier[name].used).gte(0)).toBe(true);
          expect(new Big(freeTier[name].used).lte(freeTier[name].included)).toBe(true);
          const key = name === "invocations" ? "runs" : name;
          const all = sum(lines.map((line) => String(line[key])));
          expect(new Big(freeTier[name].used).lte(all)).toBe(true);
        }
        for (const { days } of lines)
          for (const { amount } of days) expect(new Big(amount).gte(0)).toBe(true);
      }),
    );
  });

  test("what is spent does not depend on which functions it was spent by", () => {
    fc.assert(
      fc.property(rows, lists, (used, list) => {
        const anonymous = used.map((row) => ({ ...row, function: "" }));
        expect(spentOf(anonymous, list, "ada", MONTH).toFixed()).toBe(bill(used, list).exactTotal);
      }),
    );
  });
});

/** A row as several that come to the same. */
function divide(row: UsageRow, parts: bigint): UsageRow[] {
  const names = ["runs", "billedMilliseconds", "mebibyteMilliseconds", "cpuMicroseconds"] as const;
  return Array.from({ length: Number(parts) }, (_, index) => ({
    ...row,
    ...Object.fromEntries(
      names.map((name) => [name, row[name] / parts + (index === 0 ? row[name] % parts : 0n)]),
    ),
  }));
}
