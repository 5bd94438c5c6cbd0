import { compareDecimals, grouped, isAmount, scaleOf } from "./decimals";

describe("compareDecimals", () => {
  it.each([
    ["0.1", "0.10", 0],
    ["0.30000000000000000001", "0.3", 1],
    ["9", "10", -1],
    ["0.000000000000000002", "0.000000000000000001", 1],
    ["-1", "0", -1],
    ["-2", "-1", -1],
    ["-0", "0.00", 0],
    ["12345678901234567891", "12345678901234567890", 1],
  ])("%s against %s", (one, other, expected) => {
    expect(Math.sign(compareDecimals(one, other))).toBe(expected);
    expect(Math.sign(compareDecimals(other, one))).toBe(expected === 0 ? 0 : -expected);
  });
});

describe("grouped", () => {
  it.each([
    ["1000000", "1,000,000"],
    ["999", "999"],
    ["12345.6789", "12,345.6789"],
    ["-1234", "-1,234"],
  ])("of %s", (text, expected) => expect(grouped(text)).toBe(expected));
});

describe("isAmount", () => {
  it.each(["0", "10.00", "99999999999999.999999"])("takes %s", (text) => expect(isAmount(text)).toBe(true));
  it.each(["", "1,5", "-1", "1e3", ".5", "1.", "1.0000001"])("does not take %j", (text) =>
    expect(isAmount(text)).toBe(false),
  );
});

describe("scaleOf", () => {
  it.each([
    [0.000003, ["0.000000", "0.000001", "0.000002", "0.000003"]],
    [7, ["0", "2", "4", "6", "8"]],
    [0.05, ["0.00", "0.02", "0.04", "0.06"]],
    [100, ["0", "50", "100"]],
    [0, ["0"]],
  ])("of %d", (highest, lines) => {
    const scale = scaleOf(highest);
    expect(scale.lines).toEqual(lines);
    expect(scale.top).toBeGreaterThanOrEqual(highest);
  });
});
