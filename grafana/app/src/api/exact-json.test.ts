import { parseExactly } from "./exact-json";

test("ids of 64 bits keep all their digits when they are written again", () => {
  const text = '{"id":9223372036854775807,"list":[-12345678901234567890,1.5,3],"name":"1234567890123456"}';
  expect(JSON.stringify(parseExactly(text))).toBe(text);
});

test("what is no JSON is told", () => {
  expect(() => parseExactly("{12345678901234567890")).toThrow(SyntaxError);
});
