import { type Decision, stepsOf } from "./steps";

const decision = (name: string, second: number, from: number, to: number): Decision => ({
  function: name,
  at: new Date(second * 1_000).toISOString(),
  from,
  to,
  reason: "busy",
});

describe("stepsOf", () => {
  it("keeps the count of each function until its next decision, up to now", () => {
    const newestFirst = [decision("b", 300, 4, 1), decision("a", 200, 2, 3), decision("a", 100, 1, 2)];
    const { times, functions, hidden } = stepsOf(newestFirst, 400_000, 10);
    expect(times.slice(1)).toEqual([100_000, 200_000, 300_000, 400_000]);
    expect(times[0]).toBeLessThan(100_000);
    expect(functions).toEqual([
      { name: "a", counts: [1, 2, 3, 3, 3] },
      { name: "b", counts: [4, 4, 4, 1, 1] },
    ]);
    expect(hidden).toBe(0);
  });

  it("takes the last of decisions of the same moment", () => {
    const { functions } = stepsOf([decision("a", 100, 2, 4), decision("a", 100, 1, 2)], 200_000, 10);
    expect(functions[0]?.counts).toEqual([1, 4, 4]);
  });

  it("draws the functions with the newest decisions, and says how many it leaves out", () => {
    const { functions, hidden } = stepsOf(
      [decision("new", 200, 1, 2), decision("old", 100, 1, 2)],
      300_000,
      1,
    );
    expect(functions.map(({ name }) => name)).toEqual(["new"]);
    expect(hidden).toBe(1);
  });

  it("has no point after now twice where a decision is of the future of this clock", () => {
    const { times } = stepsOf([decision("a", 500, 1, 2)], 400_000, 10);
    expect(times.at(-1)).toBe(500_000);
    expect(new Set(times).size).toBe(times.length);
  });
});
