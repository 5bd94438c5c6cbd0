import { bytes, NONE, percent, seconds, shortMoney } from "./format";

test.each([
  ["0.00000020341226112", "0.000000203"],
  ["0.0500", "0.0500"],
  ["12.3456", "12.34"],
  ["7", "7"],
  ["0.000", "0"],
])("of %s three digits are shown, and nothing is rounded up", (amount, shown) => {
  expect(shortMoney(amount)).toBe(shown);
});

test("what is not there is shown as nothing", () => {
  expect([seconds(null), bytes(undefined), percent(null), shortMoney(null)]).toEqual([
    NONE,
    NONE,
    NONE,
    NONE,
  ]);
});

test("units are those that people read", () => {
  expect([seconds(0.000058), bytes(1536), percent(0.25)]).toEqual(["58 µs", "1.50 KiB", "25%"]);
});
