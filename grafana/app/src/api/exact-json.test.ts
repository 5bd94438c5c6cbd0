import { parseExactly } from "./exact-json";

test("ids of 64 bits keep all their digits when they are written again", () => {
  const text = '{"id":9223372036854775807,"list":[-12345678901234567890,1.5,3],"name":"1234567890123456"}';
  expect(JSON.stringify(parseExactly(text))).toBe(text);
});

test("numbers beyond what a number can be do not become null when they are written again", () => {
  const text = '{"far":1e400,"list":[-2E+999,100000,1e3]}';
  expect(JSON.stringify(parseExactly(text))).toBe('{"far":1e400,"list":[-2E+999,100000,1000]}');
});

test("what is no JSON is told", () => {
  expect(() => parseExactly("{12345678901234567890")).toThrow(SyntaxError);
});
