import type { Frame } from "./protocol.ts";

const LENGTH_BYTES = 4;
const TYPE_AND_HEAD_LENGTH_BYTES = 5;

/** More than the largest output and `env` together: a longer frame is not one of ours. */
export const MAX_FRAME_BYTES = 256 * 1024 * 1024;

/** The peer sent bytes that are not frames. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** Write a frame: everything before the body; the body follows unchanged and uncopied. */
export function encodeFrameStart(type: number, head: unknown, bodyLength: number): Buffer {
  const headText = JSON.stringify(head);
  const headLength = Buffer.byteLength(headText);
  const start = Buffer.allocUnsafe(LENGTH_BYTES + TYPE_AND_HEAD_LENGTH_BYTES + headLength);
  start.writeUInt32BE(TYPE_AND_HEAD_LENGTH_BYTES + headLength + bodyLength, 0);
  start.writeUInt8(type, LENGTH_BYTES);
  start.writeUInt32BE(headLength, LENGTH_BYTES + 1);
  start.write(headText, LENGTH_BYTES + TYPE_AND_HEAD_LENGTH_BYTES);
  return start;
}

/** Cuts a stream of bytes into frames, however the stream is chunked. */
export class FrameDecoder {
  #chunks: Buffer[] = [];
  #available = 0;
  #needed = LENGTH_BYTES;

  /**
   * Take a chunk and give the frames that it completes.
   *
   * @throws ProtocolError when the bytes are not frames; the stream cannot be used after that.
   */
  *push(chunk: Buffer): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#available += chunk.length;
    while (this.#available >= this.#needed) {
      const bytes = this.#joined();
      const length = bytes.readUInt32BE(0);
      if (length < TYPE_AND_HEAD_LENGTH_BYTES || length > MAX_FRAME_BYTES) {
        throw new ProtocolError(`a frame of ${length} bytes`);
      }
      const end = LENGTH_BYTES + length;
      if (bytes.length < end) {
        this.#needed = end;
        return;
      }
      this.#keep(bytes.subarray(end));
      yield decodeFrame(bytes.subarray(LENGTH_BYTES, end));
    }
  }

  #joined(): Buffer {
    const bytes = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks);
    this.#chunks = [bytes];
    return bytes;
  }

  #keep(rest: Buffer): void {
    this.#chunks = rest.length === 0 ? [] : [rest];
    this.#available = rest.length;
    this.#needed = LENGTH_BYTES;
  }
}

function decodeFrame(bytes: Buffer): Frame {
  const headLength = bytes.readUInt32BE(1);
  const bodyStart = TYPE_AND_HEAD_LENGTH_BYTES + headLength;
  if (bodyStart > bytes.length) throw new ProtocolError(`a head of ${headLength} bytes in a shorter frame`);
  let head: unknown;
  try {
    head = JSON.parse(bytes.toString("utf8", TYPE_AND_HEAD_LENGTH_BYTES, bodyStart));
  } catch (error) {
    throw new ProtocolError("a head that is not JSON", { cause: error });
  }
  return { type: bytes.readUInt8(0), head, body: bytes.subarray(bodyStart) };
}
