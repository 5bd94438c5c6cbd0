import { expect, test } from "vitest";
import { redact } from "../../src/runs/redact.ts";

const HIDDEN = "[redacted]";

test.each([
  [["token"], { token: "t", n: 1 }, { token: HIDDEN, n: 1 }],
  [
    ["user.email"],
    { user: { email: "e", name: "n" }, email: "e" },
    { user: { email: HIDDEN, name: "n" }, email: "e" },
  ],
  [
    ["users.email"],
    { users: [{ email: "a" }, { email: "b" }, 5] },
    { users: [{ email: HIDDEN }, { email: HIDDEN }, 5] },
  ],
  [["a"], [{ a: 1 }, { b: 2 }], [{ a: HIDDEN }, { b: 2 }]],
  [["a"], { a: { b: [1] } }, { a: HIDDEN }],
  [["a.b"], { a: null }, { a: null }],
  [["toString", "__proto__.x"], { n: 1 }, { n: 1 }],
  [["x"], "text", "text"],
])("%j of %j is %j", (paths, value, expected) => {
  expect(JSON.parse(redact(JSON.stringify(value), paths) ?? "")).toEqual(expected);
});

test("what is no JSON is not recorded at all", () => {
  expect(redact("token=secret", ["token"])).toBeUndefined();
});

test.each(["token", "x.token"])("nor is what is nested too deeply to look for %s", (path) => {
  const deep = `{"token":"secret","x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  expect(redact(deep, [path])).toBeUndefined();
});
