import { expect, test } from "vitest";
import { Shares } from "../../src/runs/shares.ts";

/** Take ones until there is no room. @returns how many that were. */
function fill(shares: Shares, name: string): number {
  for (let count = 0; ; count += 1) {
    if (!shares.hasRoom(name)) return count;
    shares.take(name, 1);
  }
}

test("one alone gets half, and each next as much as is left then", () => {
  const shares = new Shares(1_000);
  expect(["a", "b", "c"].map((name) => fill(shares, name))).toEqual([500, 250, 125]);
});

test("what is given back is there for all", () => {
  const shares = new Shares(100);
  expect(fill(shares, "a")).toBe(50);
  for (let n = 0; n < 50; n += 1) shares.give("a", 1);
  expect(fill(shares, "b")).toBe(50);
  expect(fill(shares, "a")).toBe(25);
});

test("what has nothing gets its first piece, also where nothing is left", () => {
  const shares = new Shares(10);
  shares.take("a", 30);
  expect(shares.hasRoom("a")).toBe(false);
  expect(shares.hasRoom("b")).toBe(true);
  shares.take("b", 5);
  expect(shares.hasRoom("b")).toBe(false);
  shares.give("a", 30);
  expect(fill(shares, "a")).toBe(3);
});
