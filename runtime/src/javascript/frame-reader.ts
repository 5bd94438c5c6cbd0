import { MAX_FRAME_BYTES, ProtocolError } from "../workers/frames.ts";
import { type Frame, FrameType } from "../workers/protocol.ts";

const LENGTH_BYTES = 4;
const START_BYTES = 9;
const EMPTY = Buffer.alloc(0);
const NO_HEAD: object = Object.freeze({});

/**
 * Gives the frames of a stream one by one as they are asked for, however the stream is chunked: what comes
 * after a frame is not looked at before that one is answered.
 */
export class FrameReader {
  #chunks: Buffer[] = [];
  #start = 0;
  #available = 0;
  #needed = LENGTH_BYTES;

  /** @param chunk may be written over after the next {@link keep}; so may the bodies of frames. */
  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#available += chunk.length;
  }

  /** Copy what was not read yet of the last chunk. */
  keep(): void {
    const last = this.#chunks.pop();
    if (last === undefined) return;
    const start = this.#chunks.length === 0 ? this.#start : 0;
    this.#chunks.push(Buffer.from(last.subarray(start)));
    if (this.#chunks.length === 1) this.#start = 0;
  }

  /** Whether there are bytes that are no whole frame yet. */
  get isInsideFrame(): boolean {
    return this.#available > 0;
  }

  /** How many bytes wait to be read. */
  get availableBytes(): number {
    return this.#available;
  }

  /**
   * The next frame; undefined where it is not whole yet. The head of an `invoke` is given as its text: most handlers
   * do not ask for what is in it.
   *
   * @throws ProtocolError when the bytes are not frames; the stream cannot be used after that.
   */
  next(): Frame | undefined {
    if (this.#available < this.#needed) return undefined;
    const bytes = this.#joined();
    const start = this.#start;
    const length = bytes.readUInt32BE(start);
    if (length < START_BYTES - LENGTH_BYTES || length > MAX_FRAME_BYTES) {
      throw new ProtocolError(`a frame of ${length} bytes`);
    }
    this.#needed = LENGTH_BYTES + length;
    if (this.#available < this.#needed) return undefined;
    const end = start + this.#needed;
    const bodyStart = start + START_BYTES + bytes.readUInt32BE(start + LENGTH_BYTES + 1);
    if (bodyStart > end) {
      throw new ProtocolError(`a head of ${bodyStart - start - START_BYTES} bytes in a shorter frame`);
    }
    const type = bytes[start + LENGTH_BYTES] as number;
    const headText = bytes.toString("utf8", start + START_BYTES, bodyStart);
    const head = type === FrameType.invoke ? headText : headOf(headText);
    this.#available -= this.#needed;
    this.#needed = LENGTH_BYTES;
    this.#start = end;
    if (this.#available === 0) {
      this.#chunks = [];
      this.#start = 0;
    }
    return { type, head, body: bytes.subarray(bodyStart, end) };
  }

  #joined(): Buffer {
    if (this.#chunks.length === 1) return this.#chunks[0] as Buffer;
    const [first = EMPTY, ...others] = this.#chunks;
    const bytes = Buffer.concat([first.subarray(this.#start), ...others]);
    this.#chunks = [bytes];
    this.#start = 0;
    return bytes;
  }
}

function headOf(text: string): object {
  if (text === "") return NO_HEAD;
  let head: unknown;
  try {
    head = JSON.parse(text);
  } catch (error) {
    throw new ProtocolError("a head that is not JSON", { cause: error });
  }
  if (typeof head !== "object" || head === null || Array.isArray(head)) {
    throw new ProtocolError("a head that is not a JSON object");
  }
  return head;
}
