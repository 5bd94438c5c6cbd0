import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ANSWERS, type AnswerType } from "../../src/workers/answers.ts";
import {
  encodeStart,
  FrameDecoder,
  headTextOf,
  InvokeFrame,
  MAX_FRAME_BYTES,
  type OutgoingFrame,
  PlainFrame,
  ProtocolError,
} from "../../src/workers/frames.ts";
import {
  type Frame,
  FrameType,
  InvokeFlags,
  InvokeNumbers,
  RESULT_OUTCOMES,
  ResultNumbers,
} from "../../src/workers/protocol.ts";

/** What the tests of both sides read: runtime/python/tests/test_frames.py has the same ones. */
interface FrameFixture {
  readonly name: string;
  readonly type: number;
  readonly head: object;
  /** At the front of the body of `invoke` and `result`, decoded. */
  readonly numbers?: unknown;
  readonly bodyHex: string;
  readonly frameHex: string;
  /** Valid, but not how we write it. */
  readonly decodeOnly?: boolean;
}

function readFixtures<Fixture>(file: string): Fixture[] {
  return JSON.parse(readFileSync(new URL(`../../testdata/${file}`, import.meta.url), "utf8")) as Fixture[];
}

const fixtures = readFixtures<FrameFixture>("frames.json");
const malformed = readFixtures<{ readonly name: string; readonly hex: string }>("malformed-frames.json");
const allBytes = Buffer.concat(fixtures.map(({ frameHex }) => Buffer.from(frameHex, "hex")));

/** The frames that a chunk completes. */
function push(decoder: FrameDecoder, chunk: Buffer): Frame[] {
  const frames: Frame[] = [];
  decoder.push(chunk, chunk.length, (frame) => frames.push(frame) > 0);
  return frames;
}

function decode(...chunks: readonly Buffer[]): Frame[] {
  const decoder = new FrameDecoder();
  return chunks.flatMap((chunk) => push(decoder, chunk));
}

function encode(frame: OutgoingFrame): Buffer {
  return Buffer.concat([encodeStart(frame), frame.body]);
}

function comparable(frames: readonly Frame[]) {
  return frames.map(({ type, head, body }) => ({ type, head, bodyHex: body.toString("hex") }));
}

const expected = fixtures.map(({ type, head, bodyHex }) => ({ type, head, bodyHex }));

test("the fixtures have every type of frame", () => {
  expect(new Set(fixtures.map(({ type }) => type))).toEqual(new Set(Object.values(FrameType)));
});

describe.each(fixtures)("the frame: $name", (fixture) => {
  const bytes = Buffer.from(fixture.frameHex, "hex");

  test("is decoded", () => {
    expect(comparable(decode(bytes))).toEqual([
      { type: fixture.type, head: fixture.head, bodyHex: fixture.bodyHex },
    ]);
  });

  test("is decoded wherever it is cut in two, and not before its last byte", () => {
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const decoder = new FrameDecoder();
      const early = push(decoder, bytes.subarray(0, cut));
      expect(early).toHaveLength(cut === bytes.length ? 1 : 0);
      const frames = [...early, ...push(decoder, bytes.subarray(cut))];
      expect(comparable(frames)).toEqual([
        { type: fixture.type, head: fixture.head, bodyHex: fixture.bodyHex },
      ]);
    }
  });
});

const ours = fixtures.filter(({ decodeOnly }) => decodeOnly !== true);

test.each(ours)("the frame is encoded to exactly these bytes: $name", ({ type, head, bodyHex, frameHex }) => {
  const body = Buffer.from(bodyHex, "hex");
  expect(encode(new PlainFrame(type, head, body)).toString("hex")).toBe(frameHex);
});

/** The numbers of an `invoke` as the fixtures write them. */
interface InvokeNumbersOfFixture {
  readonly id: number;
  readonly shard: number;
  /** NaN is null. */
  readonly lastExecution: number | null;
  readonly flags: number;
}

const invokes = fixtures.filter(({ type }) => type === FrameType.invoke);
const results = fixtures.filter(({ type }) => type === FrameType.result);

test.each(invokes.filter(({ decodeOnly }) => decodeOnly !== true))(
  "an invoke is encoded from its numbers to exactly these bytes: $name",
  (fixture) => {
    const { id, shard, lastExecution, flags } = fixture.numbers as InvokeNumbersOfFixture;
    const event = Buffer.from(fixture.bodyHex, "hex").subarray(InvokeNumbers.bytes);
    const isList = (flags & InvokeFlags.list) !== 0;
    const head = headTextOf(fixture.head);
    const frame = new InvokeFrame(id, shard, lastExecution ?? Number.NaN, head, event, isList);
    expect(encode(frame).toString("hex")).toBe(fixture.frameHex);
  },
);

test.each(invokes)("an invoke has its numbers where they are said to be: $name", ({ bodyHex, numbers }) => {
  const body = Buffer.from(bodyHex, "hex");
  const lastExecution = body.readDoubleBE(InvokeNumbers.lastExecution);
  expect({
    id: body.readUInt32BE(InvokeNumbers.id),
    shard: body.readUInt32BE(InvokeNumbers.shard),
    lastExecution: Number.isNaN(lastExecution) ? null : lastExecution,
    flags: body.readUInt8(InvokeNumbers.flags),
  }).toEqual(numbers);
});

test.each(results)("a result has its numbers where they are said to be: $name", ({ bodyHex, numbers }) => {
  const body = Buffer.from(bodyHex, "hex");
  expect({
    id: body.readUInt32BE(ResultNumbers.id),
    outcome: RESULT_OUTCOMES[body.readUInt32BE(ResultNumbers.outcome)],
    seconds: body.readDoubleBE(ResultNumbers.seconds),
    cpuSeconds: body.readDoubleBE(ResultNumbers.cpuSeconds),
    memoryBytes: body.readDoubleBE(ResultNumbers.memoryBytes),
  }).toEqual(numbers);
});

test("the fixtures have every outcome of a call", () => {
  const outcomes = results.map(({ numbers }) => (numbers as { readonly outcome: string }).outcome);
  expect(new Set(outcomes)).toEqual(new Set(RESULT_OUTCOMES));
});

/** The types of the messages that a worker or the zygote sends. */
const ANSWER_NAMES = Object.keys(ANSWERS) as AnswerType[];

test.each(ANSWER_NAMES)("every fixture of %s is an answer that the runtime takes", (name) => {
  const heads = ours.filter(({ type }) => type === FrameType[name]).map(({ head }) => head);
  expect(heads.length).toBeGreaterThan(0);
  for (const head of heads) {
    const { later: _later, ...known } = head as Record<string, unknown>;
    expect(ANSWERS[name].parse(head)).toEqual(known);
  }
});

describe("a stream of frames", () => {
  test("may come in one chunk", () => {
    expect(comparable(decode(allBytes))).toEqual(expected);
  });

  test.each([1, 2, 3, 5, 7, 64, 1000])("may come in chunks of %i bytes", (size) => {
    const chunks = Array.from({ length: Math.ceil(allBytes.length / size) }, (_, index) =>
      allBytes.subarray(index * size, (index + 1) * size),
    );
    expect(comparable(decode(...chunks))).toEqual(expected);
  });

  test("may have empty chunks in it", () => {
    expect(comparable(decode(Buffer.alloc(0), allBytes, Buffer.alloc(0)))).toEqual(expected);
  });

  test("carries a body of many chunks unchanged", () => {
    const body = Buffer.alloc(1_000_000, "0123456789");
    const bytes = encode(new PlainFrame(FrameType.restore, { shard: 0 }, body));
    const chunks = Array.from({ length: Math.ceil(bytes.length / 65_536) }, (_, index) =>
      bytes.subarray(index * 65_536, (index + 1) * 65_536),
    );
    const frames = decode(...chunks);
    expect(frames).toHaveLength(1);
    expect(frames[0]?.body.equals(body)).toBe(true);
  });

  test("goes on where one stopped who wanted no more of a chunk", () => {
    const decoder = new FrameDecoder();
    const frames: Frame[] = [];
    decoder.push(allBytes, allBytes.length, (frame) => frames.push(frame) > 1);
    expect(frames).toHaveLength(1);
    expect(comparable([...frames, ...push(decoder, Buffer.alloc(0))])).toEqual(expected);
  });

  test("gives a frame out before it looks at the next", () => {
    const decoder = new FrameDecoder();
    const good = Buffer.from(fixtures[0]?.frameHex ?? "", "hex");
    const chunk = Buffer.concat([good, Buffer.from("ffffffff", "hex")]);
    const frames: Frame[] = [];
    expect(() => decoder.push(chunk, chunk.length, (frame) => frames.push(frame) > 0)).toThrow(ProtocolError);
    expect(comparable(frames)).toEqual(expected.slice(0, 1));
  });

  test("takes no more of a buffer than came", () => {
    const frames: Frame[] = [];
    const buffer = Buffer.concat([allBytes, Buffer.from("ffffffff", "hex")]);
    new FrameDecoder().push(buffer, allBytes.length, (frame) => frames.push(frame) > 0);
    expect(comparable(frames)).toEqual(expected);
  });
});

describe("bytes that are no frame are refused", () => {
  test.each(malformed)("a frame $name", ({ hex }) => {
    const bytes = Buffer.from(hex, "hex");
    expect(() => decode(bytes)).toThrow(ProtocolError);
    expect(() => decode(...Array.from(bytes, (byte) => Buffer.of(byte)))).toThrow(ProtocolError);
  });

  test("from the length alone, before anything is kept for it", () => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(MAX_FRAME_BYTES + 1);
    expect(() => decode(length)).toThrow(`a frame of ${MAX_FRAME_BYTES + 1} bytes`);
  });

  test("but the longest that is allowed is waited for", () => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(MAX_FRAME_BYTES);
    expect(decode(length)).toEqual([]);
  });
});
