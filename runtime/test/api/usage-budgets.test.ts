import { waitFor } from "@gaugelet/testing/wait";
import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { dayOf, monthOf, nextMonth } from "../../src/usage/calendar.ts";
import { usageRow } from "../unit/usage/prices.ts";
import { DATABASES } from "./test-database.ts";
import { useUsage } from "./use-usage.ts";

describe.each(DATABASES)("budgets on %s", (kind) => {
  const usage = useUsage(kind);
  const put = (owner: string, body: object, user?: string) =>
    usage.ask(`/budgets/${owner}`, user, "PUT", body);
  const today = (): string => dayOf(Date.now());

  test("say what is spent of them, and when they begin anew", async () => {
    // A million runs are free.
    await usage.fill([usageRow({ day: today(), runs: 9_000_001n })]);
    const set = await put("ada", { amount: "10.00" });
    expect(set.body).toMatchObject({
      owner: "ada",
      amount: "10",
      currency: "EUR",
      warnAt: 0.8,
      isHard: false,
      state: "warning",
      spent: "8.000001",
      resetsAt: `${nextMonth(monthOf(today()))}-01T00:00:00.000Z`,
      updatedBy: "root",
    });
    expect(Number(set.body.forecast)).toBeGreaterThanOrEqual(8);
    expect((await usage.ask("/budgets/ada", "ada:viewer")).body).toMatchObject({ state: "warning" });
    expect((await put("ada", { amount: "20.5", warnAt: 0.5 })).body).toMatchObject({
      amount: "20.5",
      state: "within",
    });
    expect((await usage.ask("/budgets")).body.items).toHaveLength(1);
    expect((await usage.ask("/budgets", "bob:editor")).body.items).toEqual([]);
  });

  test("are for administrators to set, and for their owners to see", async () => {
    await put("ada", { amount: "1" });
    expect((await put("ada", { amount: "2" }, "ada:editor")).status).toBe(403);
    expect((await usage.ask("/budgets/ada", "ada:editor", "DELETE")).status).toBe(403);
    expect((await usage.ask("/budgets/ada", "bob:editor")).status).toBe(403);
    const { rows } = await usage.db.execute(sql`select "user", action, target, details from audit_log`);
    expect(rows).toMatchObject([
      { user: "root", action: "budget.set", target: "ada", details: { amount: "1", isHard: false } },
    ]);
  });

  test.each([
    [{ amount: 10 }, "body: amount: expected an amount as text"],
    [{ amount: "1e3" }, "body: amount: expected an amount as text"],
    [{ amount: "-1" }, "body: amount: expected an amount as text"],
    [{}, "body: amount"],
    [{ amount: "1", warnAt: 2 }, "body: warnAt"],
    [{ amount: "1", hard: true }, "hard"],
  ])("%j is answered with what was expected", async (body, detail) => {
    const answer = await put("ada", body);
    expect(answer.status).toBe(400);
    expect(answer.body.detail).toContain(detail);
  });

  test("that are hard stop their owner once they are spent, and no longer", async () => {
    await usage.fill([usageRow({ day: today(), runs: 3_000_000n })]);
    await put("ada", { amount: "2.00", isHard: true });
    const refusal = usage.limits.refusal("ada");
    expect(refusal).toMatchObject({ outcome: "budget-spent" });
    expect(refusal?.message).toContain("2.00 EUR");
    expect(usage.limits.refusal("bob")).toBeUndefined();
    await put("ada", { amount: "2.01", isHard: true });
    expect(usage.limits.refusal("ada")).toBeUndefined();
    await put("ada", { amount: "0.01", isHard: false });
    expect(usage.limits.refusal("ada")).toBeUndefined();
    await put("ada", { amount: "0.01", isHard: true });
    expect(usage.limits.refusal("ada")).toBeDefined();
    expect((await usage.ask("/budgets/ada", undefined, "DELETE")).status).toBe(204);
    expect(usage.limits.refusal("ada")).toBeUndefined();
    expect((await usage.ask("/budgets/ada")).status).toBe(404);
    expect((await usage.ask("/budgets/ada", undefined, "DELETE")).status).toBe(404);
  });

  test("hear of what another runtime recorded, and are shown as metrics", async () => {
    await put("ada", { amount: "2.00", isHard: true });
    expect(usage.limits.refusal("ada")).toBeUndefined();
    await usage.fill([usageRow({ day: today(), runs: 5_000_000n })]);
    await waitFor("the budget to be spent", () => usage.limits.refusal("ada") !== undefined);
    const text = await usage.registry.metrics();
    expect(text).toContain('gaugelet_budget_spent_ratio{owner="ada"} 2\n');
    expect(text).toContain('gaugelet_budget_hard{owner="ada"} 1\n');
    expect(text).toContain('gaugelet_owner_cost_month{owner="ada"} 4\n');
  });
});
