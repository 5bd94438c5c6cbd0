import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FrameReader } from "../../src/javascript/frame-reader.ts";
import { MAX_FRAME_BYTES, ProtocolError } from "../../src/workers/frames.ts";
import { FrameType } from "../../src/workers/protocol.ts";

/** What the tests of all sides read. */
function readFixtures<Fixture>(file: string): Fixture[] {
  return JSON.parse(readFileSync(new URL(`../../testdata/${file}`, import.meta.url), "utf8")) as Fixture[];
}

const fixtures = readFixtures<{
  readonly name: string;
  readonly type: number;
  readonly head: unknown;
  readonly bodyHex: string;
  readonly frameHex: string;
}>("frames.json");
const malformed = readFixtures<{ readonly name: string; readonly hex: string }>("malformed-frames.json");
const allBytes = Buffer.concat(fixtures.map(({ frameHex }) => Buffer.from(frameHex, "hex")));
const expected = fixtures.map(({ type, head, bodyHex }) => ({ type, head, bodyHex }));

/** The head of an `invoke` is left as it came, until a handler asks for what is in it. */
function parsed(type: number, head: unknown): unknown {
  if (type !== FrameType.invoke) return head;
  return head === "" ? {} : JSON.parse(head as string);
}

/** Read the chunks through one piece of memory, which is written over each time. */
function read(...chunks: readonly Buffer[]) {
  const reader = new FrameReader();
  const memory = Buffer.alloc(Math.max(...chunks.map(({ length }) => length)));
  const frames = [];
  for (const chunk of chunks) {
    memory.fill(0xee);
    chunk.copy(memory);
    reader.push(memory.subarray(0, chunk.length));
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      frames.push({
        type: frame.type,
        head: parsed(frame.type, frame.head),
        bodyHex: frame.body.toString("hex"),
      });
    }
    reader.keep();
  }
  return { frames, isInsideFrame: reader.isInsideFrame };
}

test.each(fixtures)("the frame is read wherever it is cut: $name", ({ frameHex, type, head, bodyHex }) => {
  const bytes = Buffer.from(frameHex, "hex");
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const chunks = [bytes.subarray(0, cut), bytes.subarray(cut)];
    expect(read(...chunks)).toEqual({ frames: [{ type, head, bodyHex }], isInsideFrame: false });
    expect(read(bytes.subarray(0, cut)).isInsideFrame).toBe(cut > 0 && cut < bytes.length);
  }
});

test.each([1, 2, 3, 5, 7, 64, 1000, allBytes.length])("a stream may come in chunks of %i bytes", (size) => {
  const chunks = Array.from({ length: Math.ceil(allBytes.length / size) }, (_, index) =>
    allBytes.subarray(index * size, (index + 1) * size),
  );
  expect(read(...chunks)).toEqual({ frames: expected, isInsideFrame: false });
});

test("frames that are not asked for yet are kept", () => {
  const reader = new FrameReader();
  const half = Math.floor(allBytes.length / 2);
  for (const part of [allBytes.subarray(0, half), allBytes.subarray(half)]) {
    const memory = Buffer.from(part);
    reader.push(memory);
    reader.keep();
    memory.fill(0xee);
  }
  expect(reader.availableBytes).toBe(allBytes.length);
  const heads = fixtures.map(({ type }) => parsed(type, reader.next()?.head));
  expect(heads).toEqual(expected.map(({ head }) => head));
  expect(reader.next()).toBeUndefined();
});

describe("bytes that are no frame are refused", () => {
  // A head of no bytes is an empty one.
  test.each(malformed.filter(({ name }) => name !== "with no head at all"))("a frame $name", ({ hex }) => {
    const bytes = Buffer.from(hex, "hex");
    expect(() => read(bytes)).toThrow(ProtocolError);
    expect(() => read(...Array.from(bytes, (byte) => Buffer.of(byte)))).toThrow(ProtocolError);
  });

  test("a head that is a list", () => {
    expect(() => read(Buffer.from("0000000702000000025b5d", "hex"))).toThrow("not a JSON object");
  });

  test("from the length alone", () => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(MAX_FRAME_BYTES + 1);
    expect(() => read(length)).toThrow(`a frame of ${MAX_FRAME_BYTES + 1} bytes`);
  });

  test("after the frames before it are given out", () => {
    const reader = new FrameReader();
    reader.push(Buffer.concat([Buffer.from(fixtures[0]?.frameHex ?? "", "hex"), Buffer.alloc(9, 0xff)]));
    expect(reader.next()).toMatchObject({ type: fixtures[0]?.type });
    expect(() => reader.next()).toThrow(ProtocolError);
  });
});
