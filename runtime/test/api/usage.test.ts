import { describe, expect, test } from "vitest";
import { acceptedPrices } from "../../src/usage/accepted-prices.ts";
import type { PriceList } from "../../src/usage/price-list.ts";
import { priceList, usageRow } from "../unit/usage/prices.ts";
import { DATABASES } from "./test-database.ts";
import { useUsage } from "./use-usage.ts";

describe.each(DATABASES)("usage on %s", (kind) => {
  const usage = useUsage(kind);
  const rows = [
    usageRow({ day: "2026-11-01", function: "a", runs: 1n, billedMilliseconds: 10n }),
    usageRow({ day: "2026-11-02", function: "a", class: "premium", runs: 2n, cpuMicroseconds: 3n }),
    usageRow({ day: "2026-11-02", function: "b", runs: 4n, mebibyteMilliseconds: 10n ** 30n }),
    usageRow({ day: "2026-12-01", owner: "bob", function: "c", runs: 8n }),
  ];
  const BETWEEN = "from=2026-11-01&to=2026-12-31";

  test("is told apart by what is asked for", async () => {
    await usage.fill(rows);
    const all = await usage.ask(`/usage?${BETWEEN}`);
    expect(all.body.items).toHaveLength(4);
    expect(all.body.items[0]).toEqual({
      day: "2026-11-01",
      owner: "ada",
      function: "a",
      class: "standard",
      runs: 1,
      billedSeconds: "0.01",
      gigabyteSeconds: "0",
      cpuSeconds: "0",
      cost: "0.000001",
    });
    const byOwner = await usage.ask(`/usage?${BETWEEN}&group=owner`);
    expect(byOwner.body).toEqual({
      items: [
        {
          owner: "ada",
          runs: 7,
          billedSeconds: "0.01",
          gigabyteSeconds: "1048576000000000000000000",
          cpuSeconds: "0.000003",
          cost: "524288000000000000000000.0000105",
        },
        {
          owner: "bob",
          runs: 8,
          billedSeconds: "0",
          gigabyteSeconds: "0",
          cpuSeconds: "0",
          cost: "0.000008",
        },
      ],
      next: null,
    });
    const together = await usage.ask(`/usage?${BETWEEN}&group=`);
    expect(together.body.items).toMatchObject([{ runs: 15 }]);
    const ofClass = await usage.ask(`/usage?${BETWEEN}&group=function,day&class=premium&function=a`);
    expect(ofClass.body.items).toMatchObject([{ function: "a", day: "2026-11-02", runs: 2 }]);
    expect((await usage.ask("/usage?to=2026-11-01&group=")).body.items).toMatchObject([{ runs: 1 }]);
    expect((await usage.ask("/usage?from=2020-01-01&to=2020-01-02&group=")).body.items).toEqual([]);
  });

  test("comes in pages", async () => {
    await usage.fill(rows);
    const first = await usage.ask(`/usage?${BETWEEN}&limit=3`);
    expect(first.body.items).toHaveLength(3);
    const second = await usage.ask(`/usage?${BETWEEN}&limit=3&after=${first.body.next}`);
    expect(second.body).toMatchObject({ items: [{ owner: "bob" }], next: null });
  });

  test("of others is an administrator's to see", async () => {
    await usage.fill(rows);
    const own = await usage.ask(`/usage?${BETWEEN}&group=owner`, "bob:viewer");
    expect(own.body.items).toMatchObject([{ owner: "bob", runs: 8 }]);
    const others = await usage.ask(`/usage?${BETWEEN}&owner=ada`, "bob:editor");
    expect(others).toMatchObject({ status: 403, body: { type: "/problems/forbidden" } });
    expect((await usage.ask(`/usage?${BETWEEN}&owner=ada&group=owner`)).body.items).toHaveLength(1);
  });

  test.each([
    ["from=yesterday", "query: from: expected a day"],
    ["from=2026-02-30", "query: from: expected a day"],
    ["from=2026-11-02&to=2026-11-01", "query: to: expected 2026-11-02 or later"],
    ["from=2020-01-01&to=2026-11-01", "expected at most 400 days"],
    ["group=owner,owner", "expected each name once"],
    ["group=month", "expected names out of day, owner, function, class"],
    ["class=gold", "query: class"],
    ["owner=%00", "expected no character 0"],
    ["limit=0", "query: limit"],
    ["after=x", "query: after"],
    ["colour=red", "colour"],
  ])("%s is answered with what was expected", async (query, detail) => {
    const { status, body } = await usage.ask(`/usage?${query}`);
    expect(status).toBe(400);
    expect(body).toMatchObject({
      type: "/problems/invalid-request",
      detail: expect.stringContaining(detail),
    });
  });

  test("the price list that was accepted holds over restarts, and the first of two runtimes wins", async () => {
    const kept = acceptedPrices(usage.db);
    const list = await kept.read();
    expect(list).toMatchObject({ currency: "EUR" });
    const other = { ...priceList(), currency: "USD" };
    const late = acceptedPrices(usage.db);
    await late.read();
    expect(await kept.write(other, list)).toBe(true);
    expect(await late.write(priceList(), list)).toBe(false);
    expect(await late.read()).toEqual(other);
    expect(await late.write(list as PriceList, other)).toBe(true);
  });

  test("the price list is everybody's to see", async () => {
    const { body } = await usage.ask("/prices", "ada:viewer");
    expect(body).toMatchObject({
      currency: "EUR",
      periods: [{ from: "2026-01-01", prices: { premium: { perGigabyteSecond: "1" } } }],
    });
  });
});
