import { type Frame, FrameType, InvokeNumbers } from "./protocol.ts";

const LENGTH_BYTES = 4;
const TYPE_AND_HEAD_LENGTH_BYTES = 5;
const START_BYTES = LENGTH_BYTES + TYPE_AND_HEAD_LENGTH_BYTES;
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

/** Write a frame: everything before the body; the body follows unchanged and uncopied. */
export function encodeFrameStart(type: number, head: object, bodyLength: number): Buffer {
  const headText = headTextOf(head);
  const headLength = Buffer.byteLength(headText);
  const start = Buffer.allocUnsafe(START_BYTES + headLength);
  writeStart(start, type, headLength, bodyLength);
  start.write(headText, START_BYTES);
  return start;
}

/** The numbers of an `invoke`. */
export interface InvokeCall {
  readonly id: number;
  readonly shard: number;
  /** Unix milliseconds, NaN before the first. */
  readonly lastExecution: number;
  /** {@link headTextOf} of the event's own context. */
  readonly headText: string;
}

/** Write an `invoke`: everything before the event's bytes. */
export function encodeInvokeStart(call: InvokeCall, eventLength: number): Buffer {
  const headLength = Buffer.byteLength(call.headText);
  const numbers = START_BYTES + headLength;
  const start = Buffer.allocUnsafe(numbers + InvokeNumbers.bytes);
  writeStart(start, FrameType.invoke, headLength, InvokeNumbers.bytes + eventLength);
  if (headLength > 0) start.write(call.headText, START_BYTES);
  start.writeUInt32BE(call.id, numbers + InvokeNumbers.id);
  start.writeUInt32BE(call.shard, numbers + InvokeNumbers.shard);
  start.writeDoubleBE(call.lastExecution, numbers + InvokeNumbers.lastExecution);
  return start;
}

/** A head as it travels: an empty one as nothing. */
export function headTextOf(head: object): string {
  const text = JSON.stringify(head);
  return text === "{}" ? "" : text;
}

function writeStart(start: Buffer, type: number, headLength: number, bodyLength: number): void {
  start.writeUInt32BE(TYPE_AND_HEAD_LENGTH_BYTES + headLength + bodyLength, 0);
  start.writeUInt8(type, LENGTH_BYTES);
  start.writeUInt32BE(headLength, LENGTH_BYTES + 1);
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
   * Take a chunk and give the frames that it completes.
   *
   * @throws ProtocolError when the bytes are not frames; the stream cannot be used after that.
   */
  *push(chunk: Buffer): Generator<ReceivedFrame> {
    this.#available += chunk.length;
    if (this.#available < this.#needed) {
      this.#chunks.push(Buffer.from(chunk));
      return;
    }
    const bytes = this.#chunks.length === 0 ? chunk : Buffer.concat([...this.#chunks, chunk]);
    let position = 0;
    try {
      for (;;) {
        this.#needed = this.#bytesNeeded(bytes, position);
        if (bytes.length - position < this.#needed) return;
        const start = position;
        position += this.#needed;
        yield decodeFrame(bytes, start, position);
      }
    } finally {
      // Also where the one who asked wants no more of this chunk.
      this.#chunks = position === bytes.length ? [] : [Buffer.from(bytes.subarray(position))];
      this.#available = bytes.length - position;
    }
  }

  /** How long the frame is that begins there, or as much of it as has to come before that is known. */
  #bytesNeeded(bytes: Buffer, start: number): number {
    const available = bytes.length - start;
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
