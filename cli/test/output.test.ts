import { expect, test } from "vitest";
import { printable, shown, tableLines } from "../src/output.ts";

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
