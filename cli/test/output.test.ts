import { expect, test } from "vitest";
import { printable, rounded, shellArgument, shown, tableLines } from "../src/output.ts";

test("what somebody wrote is no command to a terminal", () => {
  expect(printable("a\u001b[2Jb\r\n\tü\u009b\u007f")).toBe("a\ufffd[2Jb\ufffd\n\tü\ufffd\ufffd");
  expect(shown("a\n b")).toBe("a b");
  expect([shown(null), shown(""), shown({ a: 1 }), shown(0)]).toEqual(["-", "-", '{"a":1}', "0"]);
});

test("a table's columns are as wide as what is in them", () => {
  const rows = [
    { a: "long name", b: 1 },
    { a: "x", b: null },
  ];
  const columns = [
    { title: "A", value: ({ a }: (typeof rows)[0]) => a },
    { title: "B", value: ({ b }: (typeof rows)[0]) => b },
  ];
  expect(tableLines(rows, columns)).toEqual(["A          B", "long name  1", "x          -"]);
});

test("a table may have many rows", () => {
  const rows = Array.from({ length: 200_000 }, (_, n) => n);
  expect(tableLines(rows, [{ title: "N", value: (n: number) => n }]).length).toBe(200_001);
});

test("numbers are rounded for people, and what is no number is left alone", () => {
  const numbers = [0.6782894868106497, 4.0729997e-6, 0.1 + 0.2, 12.34567, 123_456.789, 1_234_567];
  expect(numbers.map((number) => shown(rounded(number)))).toEqual([
    "0.6783",
    "0.000004073",
    "0.3",
    "12.346",
    "123456.789",
    "1234567",
  ]);
  expect(["0.0000040729997", "0", "1.2.3", "2026-11"].map(rounded)).toEqual([
    "0.000004073",
    "0",
    "1.2.3",
    "2026-11",
  ]);
  expect(rounded([{ rate: 0.6782894868106497, id: "0.6782894868106497" }, null])).toEqual([
    { rate: 0.6783, id: "0.6782894868106497" },
    null,
  ]);
  expect(rounded(null)).toBeNull();
});

test("a command that is printed can be copied into a shell", () => {
  expect(["my/f-1.0", ".", "Weird Name", "it's", "--x", "$(x)", ""].map(shellArgument)).toEqual([
    "my/f-1.0",
    ".",
    "'Weird Name'",
    `'it'\\''s'`,
    "-- --x",
    "'$(x)'",
    "''",
  ]);
});
