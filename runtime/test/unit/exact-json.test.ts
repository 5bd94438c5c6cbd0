import { expect, test } from "vitest";
import { parseExactly } from "../../src/exact-json.ts";

test.each([
  '{"id":12345678901234567890,"n":[1,-98765432109876543210,{"deep":9007199254740993}]}',
  '{"a":9007199254740991,"b":0.1,"c":"12345678901234567890"}',
  "123456789012345678901234567890",
  '{"large":[1e400,-1.5E+999],"text":"1e400"}',
  `${"9".repeat(400)}`,
])("%s is written as it was read", (text) => {
  expect(JSON.stringify(parseExactly(text))).toBe(text);
});

test("what a number can say is a number", () => {
  expect(parseExactly('{"a":9007199254740991,"text":"1234567890123456","b":1e20}')).toEqual({
    a: 9007199254740991,
    text: "1234567890123456",
    b: 1e20,
  });
});

test("what is no JSON is an error", () => {
  expect(() => parseExactly('{"id":12345678901234567890')).toThrow(SyntaxError);
});
