import { describe, expect, test } from "vitest";
import { mayHoldLongInteger } from "../../src/workers/long-integers.ts";

const hold = (json: string): boolean => mayHoldLongInteger(Buffer.from(json));

describe("an integer beyond 64 bits", () => {
  const least = ["18446744073709551616", "-9223372036854775809"];

  test.each(least)("%s is seen wherever it stands", (integer) => {
    for (let before = 0; before < 70; before += 1) {
      for (let after = 0; after < 25; after += 1) {
        expect(hold(`${" ".repeat(before)}${integer}${" ".repeat(after)}`)).toBe(true);
      }
    }
  });

  test("is seen among other numbers", () => {
    const others = "1234567890123456789,-922337203685477580,0.12345678901234567,".repeat(30);
    for (const integer of least) expect(hold(`{"a":[${others}${integer},${others}1]}`)).toBe(true);
    expect(hold(`{"a":[${others}1]}`)).toBe(false);
  });
});

test("what a double or 64 bits hold exactly is not taken for one", () => {
  for (const number of ["9223372036854775807", "0.30000000000001137", "-1.7976931348623157e+308", "5e-324"]) {
    expect(hold(`{"a":${number}}`)).toBe(false);
  }
  expect(hold('{"timestamp":"2026-01-01 00:00:00.000000"}')).toBe(false);
  expect(hold("")).toBe(false);
});

test("it says the same as a regular expression of whatever bytes", () => {
  // xorshift: the same bytes every time.
  let state = 0x9e3779b9;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  let found = 0;
  for (let round = 0; round < 5_000; round += 1) {
    let json = "";
    while (json.length < 120) json += "0123456789-".repeat(2).slice(0, random(23)) + ",. :e"[random(5)];
    const expected = /[0-9-]{20}/.test(json);
    expect(hold(json), json).toBe(expected);
    found += Number(expected);
  }
  expect(found).toBeGreaterThan(500);
  expect(found).toBeLessThan(4_500);
});
