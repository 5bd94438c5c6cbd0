import { waitFor } from "@gaugelet/testing/wait";
import { describe, expect, test } from "vitest";
import { BudgetGate } from "../../../src/usage/budget-gate.ts";
import { OwnerLimits } from "../../../src/usage/owner-limits.ts";

const spent = { owner: "ada", month: "2026-11", amount: "10.00 EUR" };

describe("a budget that is spent", () => {
  test("refuses its owner until the next month begins", () => {
    const gate = new BudgetGate(() => Date.parse("2026-11-30T23:59:58.500Z"));
    expect(gate.refusal("ada")).toBeUndefined();
    gate.set([spent]);
    expect(gate.refusal("bob")).toBeUndefined();
    expect(gate.refusal("ada")).toMatchObject({
      outcome: "budget-spent",
      resetsAt: "2026-12-01T00:00:00.000Z",
      retryAfterSeconds: 2,
    });
    gate.set([]);
    expect(gate.refusal("ada")).toBeUndefined();
  });

  test("is told of when it changes, and only then", () => {
    const gate = new BudgetGate();
    let changes = 0;
    gate.onChange(() => {
      changes += 1;
    });
    gate.set([]);
    expect(changes).toBe(0);
    gate.set([spent]);
    gate.set([{ ...spent }]);
    expect(changes).toBe(1);
    gate.set([{ ...spent, owner: "bob" }]);
    expect(changes).toBe(2);
    gate.set([]);
    expect(changes).toBe(3);
  });
});

describe("a rate per owner", () => {
  test("gives each the same, and says when to come again", () => {
    const limits = new OwnerLimits({ perSecond: 0.001, burst: 3 });
    const refusals = Array.from({ length: 4 }, () => limits.refusal("ada"));
    expect(refusals.slice(0, 3)).toEqual([undefined, undefined, undefined]);
    expect(refusals[3]).toMatchObject({ outcome: "too-many-requests" });
    expect(refusals[3]?.retryAfterSeconds).toBeGreaterThan(900);
    expect(limits.refusal("bob")).toBeUndefined();
  });

  test("comes back with time", async () => {
    const limits = new OwnerLimits({ perSecond: 50, burst: 1 });
    limits.refusal("ada");
    await waitFor("a further call", () => limits.refusal("ada") === undefined);
  });

  test("does not count calls that the budget refuses", () => {
    const limits = new OwnerLimits({ perSecond: 0.001, burst: 1 });
    limits.budgets.set([spent]);
    limits.refusal("ada");
    limits.budgets.set([]);
    expect(limits.refusal("ada")).toBeUndefined();
  });

  test("is none where none is set", () => {
    const limits = new OwnerLimits(undefined);
    for (let call = 0; call < 10_000; call += 1) expect(limits.refusal("ada")).toBeUndefined();
  });
});
