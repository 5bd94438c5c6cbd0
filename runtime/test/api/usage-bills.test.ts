import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { billOf } from "../../src/usage/bill.ts";
import { usageOfMonth, usageOfRuns } from "../../src/usage/stored-usage.ts";
import { priceList, usageRow } from "../unit/usage/prices.ts";
import { DATABASES } from "./test-database.ts";
import { useUsage } from "./use-usage.ts";

describe.each(DATABASES)("bills on %s", (kind) => {
  const usage = useUsage(kind);
  const rows = [
    usageRow({ day: "2026-11-30", function: "<b>", runs: 3_000_000n }),
    usageRow({ day: "2026-11-01", owner: "bob", runs: 1_000_000n }),
    usageRow({ day: "2026-12-01", owner: "eve", runs: 1_000_000n }),
  ];

  test("are of one owner and month each", async () => {
    await usage.fill(rows);
    const all = await usage.ask("/bills/2026-11");
    expect(all.body).toMatchObject({
      items: [
        { owner: "ada", month: "2026-11", currency: "EUR", total: "2.00", lines: [{ function: "<b>" }] },
        { owner: "bob", total: "0.00", freeTier: { invocations: { included: "1000000", used: "1000000" } } },
      ],
      next: null,
    });
    const own = await usage.ask("/bills/2026-12", "bob:viewer");
    expect(own.body).toMatchObject({ items: [{ owner: "bob", total: "0.00", lines: [] }], next: null });
    expect((await usage.ask("/bills/2026-11?owner=bob")).body.items).toHaveLength(1);
    expect((await usage.ask("/bills/2026-11?owner=ada", "bob:editor")).status).toBe(403);
  });

  test("come in pages of owners", async () => {
    await usage.fill(rows);
    const first = await usage.ask("/bills/2026-11?limit=1");
    const second = await usage.ask(`/bills/2026-11?limit=1&after=${first.body.next}`);
    const third = await usage.ask(`/bills/2026-11?limit=1&after=${second.body.next}`);
    expect([first, second].map(({ body }) => body.items[0].owner)).toEqual(["ada", "bob"]);
    expect(third.body).toEqual({ items: [], next: null });
  });

  test("can be CSV, and a page that loads nothing", async () => {
    await usage.fill(rows);
    const csv = await usage.ask("/bills/2026-11?format=csv&limit=1");
    expect(csv.type).toBe("text/csv; charset=utf-8");
    expect(csv.headers.get("content-disposition")).toBe('attachment; filename="bills-2026-11.csv"');
    expect(csv.body).toContain("bob,2026-11,,,,,,,,0.00,EUR\r\n");
    const page = await usage.ask("/bills/2026-11?format=html", "ada:viewer");
    expect(page.type).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page.body).toContain("&#60;b&#62;");
  });

  test.each(["2026-13", "0000-01", "2026-11-01", "now"])("there is none of %s", async (month) => {
    const { status, body } = await usage.ask(`/bills/${month}`);
    expect(status).toBe(400);
    expect(body.detail).toContain("path: month: expected a month, such as 2026-11");
  });

  test.each(["format=pdf", "owner=%00", "after=x"])(
    "%s is answered with what was expected",
    async (query) => {
      expect((await usage.ask(`/bills/2026-11?${query}`)).body).toMatchObject({
        type: "/problems/invalid-request",
      });
    },
  );

  test("are the same where they are computed again from the runs", async () => {
    // Runs of five owners around the ends of a month and of its days, in a time zone that is not UTC.
    await usage.db.execute(sql`
      insert into runs (id, queued_at, "function", owner, class, version, status, trigger, source, shard, attempt,
        billed_milliseconds, mebibyte_milliseconds, cpu_microseconds, instance, is_input_cut, is_output_cut, logs)
      select 'run-' || n, timestamptz '2026-10-31T22:00:00Z' + n * interval '11 minutes', 'f' || n % 7, 'owner' || n % 5,
        case n % 3 when 0 then 'premium' else 'standard' end, 'v', case n % 4 when 0 then 'failed' else 'completed' end,
        'http', 'http', '', 1, n % 13, (n * 7919) % 100003, (n * 104729) % 1000003, 'i', false, false, '[]'
      from generate_series(1, 4000) as n
    `);
    await usage.db.execute(sql`
      insert into usage (day, owner, "function", class, runs, billed_milliseconds, mebibyte_milliseconds, cpu_microseconds)
      select (queued_at at time zone 'UTC')::date, owner, "function", class, count(*), sum(billed_milliseconds),
        sum(mebibyte_milliseconds), sum(cpu_microseconds)
      from runs group by 1, 2, 3, 4
    `);
    await usage.db.execute(sql`
      insert into runs (id, queued_at, "function", owner, class, version, status, trigger, source, shard, attempt,
        billed_milliseconds, mebibyte_milliseconds, cpu_microseconds, instance, is_input_cut, is_output_cut, logs)
      values ('waits', '2026-11-05T00:00:00Z', 'f1', 'owner1', 'standard', 'v', 'waiting', 'invocation', 'invocation', '',
        0, 0, 0, 0, 'i', false, false, '[]')
    `);
    const counted = await usageOfMonth(usage.db, "2026-11");
    const again = await usageOfRuns(usage.db, "2026-11");
    expect(counted.length).toBeGreaterThan(500);
    for (const owner of ["owner0", "owner1", "owner2", "owner3", "owner4"]) {
      const bill = billOf(counted, priceList(), owner, "2026-11");
      expect(bill.lines).toHaveLength(14);
      expect(billOf(again, priceList(), owner, "2026-11")).toEqual(bill);
      const served = await usage.ask(`/bills/2026-11?owner=${owner}`);
      expect(served.body.items[0].lines).toHaveLength(14);
    }
  });
});
