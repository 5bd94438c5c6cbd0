import { expect, test } from "vitest";
import { isOneValue } from "../../src/triggers/topic/is-one-value.ts";

test.each(['{"a": [1, {"b": "}],\\""}]}', " 1 ", '"a, b"', "[]", '"\\\\"', '{"a":1}\n'])(
  "%s is one value of a list",
  (text) => expect(isOneValue(Buffer.from(text))).toBe(true),
);

test.each(["{},{}", "", " \n", '{"a": 1', '"b": 2}', '"a', 'b"', "}{", "1,", '"\\"', "],["])(
  "%s is none, or several",
  (text) => expect(isOneValue(Buffer.from(text))).toBe(false),
);
