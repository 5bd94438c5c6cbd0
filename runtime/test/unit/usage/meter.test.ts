import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { spendingOf } from "../../../src/usage/forecast.ts";
import { RecentUsage } from "../../../src/usage/recent-usage.ts";
import { UsageMeter } from "../../../src/usage/usage-meter.ts";
import { NO_USAGE } from "../../../src/usage/usage-row.ts";
import { period, priceList, usageRow } from "./prices.ts";

const call = { billedMilliseconds: 1_000, mebibyteMilliseconds: 64_000, cpuMicroseconds: 500_000 };

describe("what calls use", () => {
  test("is counted by owner, function and class, and priced by the list of the day", () => {
    let now = Date.parse("2026-11-09T23:59:59Z");
    const list = priceList({ periods: [period("2026-01-01"), period("2026-11-10", 10)] });
    const meter = new UsageMeter(
      () => list,
      () => now,
    );
    const tally = meter.tallyOf({ owner: "ada", name: "f", class: 7 });
    expect(tally).toMatchObject({ owner: "ada", function: "f", class: "premium" });
    expect(meter.tallyOf({ owner: "ada", name: "f", class: "premium" })).toBe(tally);
    tally.count(call);
    now += 1_000;
    meter.take();
    // A run, 0.067108864 GB s and 0.5 s at the premium prices.
    const each = 4e-7 + 0.067108864 * 0.00003 + 0.5 * 0.00004;
    expect(tally.cost).toBeCloseTo(each, 15);
    tally.count(call);
    meter.take();
    expect(tally.cost).toBeCloseTo(11 * each, 15);
    expect(tally.billedSeconds).toBe(2);
    expect(tally.gigabyteSeconds).toBeCloseTo(0.134217728, 12);
    expect([...meter.tallies]).toEqual([tally]);
  });

  test("is counted on for budgets where the function is gone", () => {
    const meter = new UsageMeter(() => undefined);
    meter.recent.keep(["ada"]);
    meter.tallyOf({ owner: "ada", name: "gone", class: "standard" }).count(call);
    const stays = meter.tallyOf({ owner: "ada", name: "stays", class: "standard" });
    meter.forget("gone");
    expect([...meter.tallies]).toEqual([stays]);
    expect(meter.recent.rowsOf("ada")).toMatchObject([{ runs: 1n }]);
  });

  test("is kept of owners with a budget until the database has it", () => {
    const recent = new RecentUsage();
    const piece = { day: "2026-11-03", class: "standard", used: { ...NO_USAGE, runs: 1n } };
    recent.keep(["ada"]);
    for (const since of [1_000, 2_000, 3_000]) {
      recent.add({ ...piece, owner: "ada", since });
      recent.add({ ...piece, owner: "bob", since });
    }
    expect(recent.rowsOf("ada")).toHaveLength(3);
    expect(recent.rowsOf("bob")).toEqual([]);
    recent.forget(2_000);
    expect(recent.rowsOf("ada")).toHaveLength(2);
    recent.add({ ...piece, owner: "ada", since: 1_500 });
    expect(recent.rowsOf("ada")).toHaveLength(2);
    recent.keep([]);
    expect(recent.rowsOf("ada")).toEqual([]);
  });

  test("is never lost while the database is away for long, and does not fill the memory", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), (pieces) => {
        const recent = new RecentUsage();
        recent.keep(["ada"]);
        for (let since = 0; since < pieces; since += 1) {
          const day = since % 2 === 0 ? "2026-11-03" : "2026-11-04";
          recent.add({ day, owner: "ada", class: "standard", since, used: { ...NO_USAGE, runs: 2n } });
        }
        const rows = recent.rowsOf("ada");
        expect(rows.reduce((sum, { runs }) => sum + runs, 0n)).toBe(2n * BigInt(pieces));
        expect(rows.length).toBeLessThanOrEqual(4_096);
      }),
      { numRuns: 20 },
    );
  });
});

describe("where a month is heading", () => {
  const list = priceList({ periods: [period("2026-01-01", 1, { invocations: 5_000_000 })] });
  const rows = [
    usageRow({ day: "2026-11-01", runs: 6_000_000n }),
    usageRow({ day: "2026-11-10", runs: 4_000_000n }),
  ];

  test("is what it came to, and as much again for as long as it lasts, after the free tier", () => {
    const spending = spendingOf(rows, list, "ada", Date.parse("2026-11-10T23:59:59.999Z"));
    // 10 million in 10 days of 30; 5 of them, and then of 30, are free.
    expect(spending.spent.toFixed()).toBe("1");
    expect(spending.today.toFixed()).toBe("0.8");
    expect(spending.forecast.toFixed(2)).toBe("5.00");
  });

  test("is nothing where nothing ran", () => {
    const spending = spendingOf([], list, "ada", Date.parse("2026-11-01T00:00:00Z"));
    expect(spending.forecast.toFixed()).toBe("0");
  });
});
