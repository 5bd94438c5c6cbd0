import { mayHoldLongInteger } from "./long-integers.ts";
import { type Frame, FrameType, InvokeFlags, InvokeNumbers } from "./protocol.ts";

const LENGTH_BYTES = 4;
const TYPE_AND_HEAD_LENGTH_BYTES = 5;
const START_BYTES = LENGTH_BYTES + TYPE_AND_HEAD_LENGTH_BYTES;
const NO_BODY = Buffer.alloc(0);
/** The head of a frame that has none. */
export const NO_HEAD: unknown = Object.freeze({});

/** More than the largest output and `env` together: a longer frame is not one of ours. */
export const MAX_FRAME_BYTES = 256 * 1024 * 1024;

/** Messages and tracebacks are cut long before; a head is parsed at once, so a long one would hold everything up. */
const MAX_HEAD_BYTES = 1024 * 1024;

/** The peer sent bytes that are not frames. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** A message on its way out: `writeStart` writes all that is before the body, which follows unchanged. */
export interface OutgoingFrame {
  readonly startBytes: number;
  readonly body: Buffer;
  writeStart(target: Buffer, at: number): void;
}

/** A message with any head. */
export class PlainFrame implements OutgoingFrame {
  readonly startBytes: number;
  readonly body: Buffer;
  readonly #type: number;
  readonly #headText: string;

  constructor(type: number, head: object, body: Buffer = NO_BODY) {
    this.#type = type;
    this.#headText = headTextOf(head);
    this.startBytes = START_BYTES + Buffer.byteLength(this.#headText);
    this.body = body;
  }

  writeStart(target: Buffer, at: number): void {
    writeStart(target, at, this.#type, this.startBytes - START_BYTES, this.body.length);
    target.write(this.#headText, at + START_BYTES);
  }
}

/** An `invoke`. */
export class InvokeFrame implements OutgoingFrame {
  readonly startBytes: number;
  readonly body: Buffer;
  readonly #id: number;
  readonly #shard: number;
  readonly #lastExecution: number;
  readonly #headText: string;
  readonly #isList: boolean;

  /**
   * @param lastExecution Unix milliseconds, NaN before the first.
   * @param headText {@link headTextOf} of the event's own context.
   * @param isList whether the event is a list of events.
   */
  constructor(
    id: number,
    shard: number,
    lastExecution: number,
    headText: string,
    event: Buffer,
    isList: boolean,
  ) {
    this.#id = id;
    this.#shard = shard;
    this.#lastExecution = lastExecution;
    this.#headText = headText;
    this.#isList = isList;
    const headLength = headText === "" ? 0 : Buffer.byteLength(headText);
    this.startBytes = START_BYTES + headLength + InvokeNumbers.bytes;
    this.body = event;
  }

  writeStart(target: Buffer, at: number): void {
    const numbers = at + this.startBytes - InvokeNumbers.bytes;
    const headLength = numbers - at - START_BYTES;
    writeStart(target, at, FrameType.invoke, headLength, InvokeNumbers.bytes + this.body.length);
    if (headLength > 0) target.write(this.#headText, at + START_BYTES);
    writeUnsigned(target, numbers + InvokeNumbers.id, this.#id);
    writeUnsigned(target, numbers + InvokeNumbers.shard, this.#shard);
    target.writeDoubleBE(this.#lastExecution, numbers + InvokeNumbers.lastExecution);
    const longInteger = mayHoldLongInteger(this.body) ? InvokeFlags.longInteger : 0;
    target[numbers + InvokeNumbers.flags] = this.#isList ? longInteger + InvokeFlags.list : longInteger;
  }
}

/** All that is before a message's body. */
export function encodeStart(frame: OutgoingFrame): Buffer {
  const start = Buffer.allocUnsafe(frame.startBytes);
  frame.writeStart(start, 0);
  return start;
}

/** A head as it travels: an empty one as nothing. */
export function headTextOf(head: object): string {
  const text = JSON.stringify(head);
  return text === "{}" ? "" : text;
}

function writeStart(target: Buffer, at: number, type: number, headLength: number, bodyLength: number): void {
  writeUnsigned(target, at, TYPE_AND_HEAD_LENGTH_BYTES + headLength + bodyLength);
  target[at + LENGTH_BYTES] = type;
  writeUnsigned(target, at + LENGTH_BYTES + 1, headLength);
}

/** 32 bits, big-endian. Buffer's own checks ranges at each call, which are right here by what they are. */
function writeUnsigned(target: Buffer, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

/** Cuts a stream of bytes into frames, however the stream is chunked. Chunks may be used again after `push`. */
export class FrameDecoder {
  readonly #maxFrameBytes: number;
  /** What came of a frame that is not whole yet. */
  #chunks: Buffer[] = [];
  #available = 0;
  #needed = LENGTH_BYTES;

  /** @param maxFrameBytes of which a longer frame is refused before it has come. */
  constructor(maxFrameBytes = MAX_FRAME_BYTES) {
    this.#maxFrameBytes = Math.min(maxFrameBytes, MAX_FRAME_BYTES);
  }

  /**
   * Take a chunk: the first `length` bytes of a buffer.
   *
   * @param onFrame is given each frame that it completes; false keeps the rest for the next chunk.
   * @throws ProtocolError when the bytes are not frames; the stream cannot be used after that.
   */
  push(chunk: Buffer, length: number, onFrame: (frame: ReceivedFrame) => boolean): void {
    this.#available += length;
    if (this.#available < this.#needed) {
      this.#chunks.push(Buffer.from(chunk.subarray(0, length)));
      return;
    }
    const isJoined = this.#chunks.length > 0;
    const bytes = isJoined ? Buffer.concat([...this.#chunks, chunk.subarray(0, length)]) : chunk;
    const end = isJoined ? bytes.length : length;
    let position = 0;
    try {
      for (;;) {
        this.#needed = this.#bytesNeeded(bytes, position, end);
        if (end - position < this.#needed) return;
        const start = position;
        position += this.#needed;
        if (!onFrame(decodeFrame(bytes, start, position))) return;
      }
    } finally {
      this.#chunks = position === end ? [] : [Buffer.from(bytes.subarray(position, end))];
      this.#available = end - position;
    }
  }

  /** How long the frame is that begins there, or as much of it as has to come before that is known. */
  #bytesNeeded(bytes: Buffer, start: number, end: number): number {
    const available = end - start;
    if (available < LENGTH_BYTES) return LENGTH_BYTES;
    const length = bytes.readUInt32BE(start);
    if (length < TYPE_AND_HEAD_LENGTH_BYTES || length > this.#maxFrameBytes) {
      throw new ProtocolError(`a frame of ${length} bytes`);
    }
    if (available < START_BYTES) return START_BYTES;
    const headLength = bytes.readUInt32BE(start + LENGTH_BYTES + 1);
    if (TYPE_AND_HEAD_LENGTH_BYTES + headLength > length)
      throw new ProtocolError(`a head of ${headLength} bytes in a shorter frame`);
    if (headLength > MAX_HEAD_BYTES) throw new ProtocolError(`a head of ${headLength} bytes`);
    return LENGTH_BYTES + length;
  }
}

/** A frame as it came: good until the next `push`, but for its body once that was asked for. */
export class ReceivedFrame implements Frame {
  readonly type: number;
  readonly head: unknown;
  /** The chunk that it came in, and where its body is there: to look at it without a copy. */
  readonly bytes: Buffer;
  readonly bodyStart: number;
  readonly bodyEnd: number;
  #body: Buffer | undefined;

  constructor(type: number, head: unknown, bytes: Buffer, bodyStart: number, bodyEnd: number) {
    this.type = type;
    this.head = head;
    this.bytes = bytes;
    this.bodyStart = bodyStart;
    this.bodyEnd = bodyEnd;
  }

  /** A copy. */
  get body(): Buffer {
    this.#body ??= this.bodyFrom(0);
    return this.#body;
  }

  /** A copy of the body from a place on. */
  bodyFrom(place: number): Buffer {
    const start = this.bodyStart + place;
    const copy = Buffer.allocUnsafe(this.bodyEnd - start);
    this.bytes.copy(copy, 0, start, this.bodyEnd);
    return copy;
  }
}

function decodeFrame(bytes: Buffer, start: number, end: number): ReceivedFrame {
  const headLength = bytes.readUInt32BE(start + LENGTH_BYTES + 1);
  const headStart = start + START_BYTES;
  const bodyStart = headStart + headLength;
  let head = NO_HEAD;
  if (headLength > 0) {
    try {
      head = JSON.parse(bytes.toString("utf8", headStart, bodyStart));
    } catch (error) {
      throw new ProtocolError("a head that is not JSON", { cause: error });
    }
  }
  return new ReceivedFrame(bytes.readUInt8(start + LENGTH_BYTES), head, bytes, bodyStart, end);
}
