import { describe, expect, test } from "vitest";
import { type LineSink, LineSplitter } from "../../src/workers/line-splitter.ts";

/** A sink that wants every line. */
function into(lines: string[]): LineSink {
  return {
    line(text) {
      lines.push(text);
      return true;
    },
    dropped: (count) => expect.unreachable(`dropped ${count}`),
  };
}

function lines(...chunks: readonly (string | Buffer)[]): string[] {
  const found: string[] = [];
  const splitter = new LineSplitter(into(found));
  for (const chunk of chunks) splitter.push(Buffer.from(chunk));
  splitter.end();
  return found;
}

const LONGEST = 8192;

describe("text is cut into lines", () => {
  test.each([
    ["one chunk of several lines", ["one\ntwo\nthree\n"], ["one", "two", "three"]],
    ["a last line without its break", ["one\ntwo"], ["one", "two"]],
    ["a line in several chunks", ["o", "n", "e\ntw", "o\n"], ["one", "two"]],
    ["breaks of Windows", ["one\r\ntwo\r\n"], ["one", "two"]],
    ["a break of Windows that is cut in two", ["one\r", "\ntwo"], ["one", "two"]],
    ["a carriage return inside a line", ["10%\r20%\n"], ["10%\r20%"]],
    ["empty lines, which are left out", ["\n\none\n\n\r\ntwo\n"], ["one", "two"]],
    ["white space, which is kept", ["  one\t\n"], ["  one\t"]],
    ["nothing", [], []],
    ["empty chunks", ["", "one", "", "\n", ""], ["one"]],
  ])("%s", (_, chunks, expected) => {
    expect(lines(...chunks)).toEqual(expected);
  });

  test("wherever a chunk ends, also inside a character", () => {
    const text = "größe 😀 日本\r\nzweite Zeile €\n";
    const bytes = Buffer.from(text);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(lines(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual(["größe 😀 日本", "zweite Zeile €"]);
    }
    expect(lines(...Array.from(bytes, (byte) => Buffer.of(byte)))).toHaveLength(2);
  });

  test("bytes that are no UTF-8 are replaced and disturb no other line", () => {
    expect(lines(Buffer.from([0x61, 0xff, 0x62, 0x0a, 0xe2, 0x82, 0x0a]), "next\n")).toEqual([
      "a\ufffdb",
      "\ufffd",
      "next",
    ]);
  });

  test("a line comes out with its break, not later", () => {
    const found: string[] = [];
    const splitter = new LineSplitter(into(found));
    splitter.push(Buffer.from("one\ntw"));
    expect(found).toEqual(["one"]);
    splitter.push(Buffer.from("o\n"));
    expect(found).toEqual(["one", "two"]);
  });
});

describe("a line that is too long is cut, and its rest dropped", () => {
  test("in one chunk", () => {
    expect(lines(`${"x".repeat(LONGEST + 1)}\nnext\n`)).toEqual([`${"x".repeat(LONGEST)}… (cut)`, "next"]);
  });

  test("in many chunks", () => {
    const chunks = Array.from({ length: 1000 }, () => "0123456789".repeat(10));
    const [long, next] = lines(...chunks, "\nnext\n");
    expect(long).toBe(`${"0123456789".repeat(820).slice(0, LONGEST)}… (cut)`);
    expect(next).toBe("next");
  });

  test("but not when it just fits", () => {
    expect(lines(`${"x".repeat(LONGEST)}\n`)).toEqual(["x".repeat(LONGEST)]);
    expect(lines("x".repeat(LONGEST), "\n")).toEqual(["x".repeat(LONGEST)]);
  });

  test("when it never ends, only what is given out is kept", () => {
    const found: string[] = [];
    const splitter = new LineSplitter(into(found));
    const chunk = Buffer.alloc(1024 ** 2, "x");
    for (let index = 0; index < 50; index += 1) splitter.push(chunk);
    expect(found).toEqual([]);
    splitter.end();
    expect(found).toEqual([`${"x".repeat(LONGEST)}… (cut)`]);
    splitter.push(Buffer.from("after\n"));
    expect(found[1]).toBe("after");
  });
});

test("once no more lines are wanted the rest of a chunk is only counted, and the next line is whole", () => {
  const lines: string[] = [];
  let dropped = 0;
  const splitter = new LineSplitter({
    line: (text) => lines.push(text) < 2,
    dropped(count) {
      dropped += count;
    },
  });
  splitter.push(Buffer.from("a\nb\nc\nd\n\nbegun"));
  splitter.push(Buffer.from(" and ended\n"));
  expect(lines).toEqual(["a", "b", "begun and ended"]);
  expect(dropped).toBe(3);
});
