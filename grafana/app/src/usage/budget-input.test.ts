import { budgetBody, faultsOf, percentText } from "./budget-input";

const INPUT = { owner: "ada", amount: "10.00", warnAt: "80", isHard: true };

describe("budget input", () => {
  it("is sent as it was entered: the amount as text", () => {
    expect(faultsOf(INPUT, [])).toEqual({});
    expect(budgetBody(INPUT)).toEqual({ amount: "10.00", warnAt: 0.8, isHard: true });
  });

  it("says which fields are wrong", () => {
    expect(Object.keys(faultsOf({ owner: "a/b", amount: "1,5", warnAt: "101", isHard: false }, []))).toEqual([
      "owner",
      "amount",
      "warnAt",
    ]);
    expect(faultsOf(INPUT, ["ada"]).owner).toMatch(/has a budget/);
  });

  it.each([
    [0.07, "7"],
    [0.29, "29"],
    [0.125, "12.5"],
    [1, "100"],
  ])("shows the share %d as %s per cent", (share, text) => expect(percentText(share)).toBe(text));
});
