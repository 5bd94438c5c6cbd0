import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { headTextOf, ProtocolError } from "../workers/frames.ts";
import { Descriptor, type Frame, FrameType, ResultNumbers } from "../workers/protocol.ts";
import { FrameReader } from "./frame-reader.ts";

const LENGTH_BYTES = 4;
const START_BYTES = 9;
/** What is read at once, and what is written at once unless it is one larger frame. */
const CHUNK_BYTES = 64 * 1024;
const SLAB_BYTES = 256 * 1024;
/** How much is read while a call is under way. */
const READ_AHEAD_BYTES = 1024 * 1024;
/** UTF-8 takes no more than this for each of JavaScript's characters. */
const MAX_BYTES_PER_CHARACTER = 3;

/** What a call's answer says besides its output. */
export interface ResultFields {
  readonly id: number;
  /** Its place in RESULT_OUTCOMES. */
  readonly outcome: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly head: object;
}

/** Who is told what the runtime does. */
export interface ConnectionEvents {
  /** There may be frames to read. @returns false where a call is under way and they wait. */
  readonly received: () => boolean;
  /** The runtime asks nothing more. */
  readonly ended: () => void;
  /** The runtime takes no more answers. */
  readonly broken: () => void;
}

/** The pipes to the runtime: frames are read one by one, and written together with the next `flush`. */
export class Connection {
  readonly #requests: Socket;
  /** Takes what the pipe does not take at once. */
  readonly #answers = new Socket({ fd: Descriptor.answers, readable: false, writable: true });
  readonly #reader = new FrameReader();
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #end = 0;
  #unsentResults = 0;
  #isHeldBack = false;
  #mayHaveMore = false;

  constructor(events: ConnectionEvents) {
    const receive = (bytes: number, buffer: Uint8Array): boolean => {
      this.#mayHaveMore = bytes === CHUNK_BYTES;
      this.#reader.push((buffer as Buffer).subarray(0, bytes));
      const isWaiting = !events.received();
      this.#reader.keep();
      this.#isHeldBack = isWaiting && this.#reader.availableBytes > READ_AHEAD_BYTES;
      return !this.#isHeldBack;
    };
    this.#requests = new Socket({
      fd: Descriptor.requests,
      readable: true,
      writable: false,
      // One buffer for all that is read: the collector of garbage would be slow to see a new one for each chunk.
      onread: { buffer: Buffer.allocUnsafeSlow(CHUNK_BYTES), callback: receive },
    });
    this.#requests.on("end", events.ended);
    this.#requests.on("error", events.broken);
    this.#answers.on("error", events.broken);
  }

  /**
   * The next request; undefined where none has come whole.
   *
   * @throws ProtocolError when the bytes are not frames.
   */
  next(): Frame | undefined {
    const frame = this.#reader.next();
    if (frame === undefined && this.#isHeldBack) {
      this.#isHeldBack = false;
      this.#requests.resume();
    }
    return frame;
  }

  /** Whether the process goes on for what the runtime may ask. */
  set keepsProcess(keeps: boolean) {
    if (keeps) this.#requests.ref();
    else this.#requests.unref();
  }

  /** @throws ProtocolError where the runtime's last frame was cut off. */
  checkEnd(): void {
    if (this.#reader.isInsideFrame) throw new ProtocolError("the connection closed inside a frame");
  }

  get unsentBytes(): number {
    return this.#end;
  }

  /** Of calls, that wait for the next `flush`. */
  get unsentResults(): number {
    return this.#unsentResults;
  }

  /** Of what was received how much waits to be read. */
  get availableBytes(): number {
    return this.#reader.availableBytes;
  }

  /** Whether more may have come than was received at once. */
  get mayHaveMore(): boolean {
    return this.#mayHaveMore;
  }

  /** Write a frame with the next `flush`. */
  put(type: number, head: object, body?: Buffer): void {
    const headText = headTextOf(head);
    const headBytes = Buffer.byteLength(headText);
    const bodyBytes = body?.length ?? 0;
    this.#makeRoom(START_BYTES + headBytes + bodyBytes);
    this.#putStart(type, headBytes, bodyBytes);
    this.#putText(headText);
    if (body !== undefined) this.#end += body.copy(this.#slab, this.#end);
  }

  /** Write a `result` with the next `flush`. */
  putResult(fields: ResultFields, output: string): void {
    const headText = headTextOf(fields.head);
    const headBytes = Buffer.byteLength(headText);
    const outputBytes = MAX_BYTES_PER_CHARACTER * output.length;
    this.#makeRoom(START_BYTES + headBytes + ResultNumbers.bytes + outputBytes);
    const start = this.#end;
    // Its length is known when the output is there.
    this.#putStart(FrameType.result, headBytes, 0);
    this.#putText(headText);
    const slab = this.#slab;
    const numbers = this.#end;
    slab.writeUInt32BE(fields.id, numbers + ResultNumbers.id);
    slab.writeUInt32BE(fields.outcome, numbers + ResultNumbers.outcome);
    slab.writeDoubleBE(fields.seconds, numbers + ResultNumbers.seconds);
    slab.writeDoubleBE(fields.cpuSeconds, numbers + ResultNumbers.cpuSeconds);
    slab.writeDoubleBE(fields.memoryBytes, numbers + ResultNumbers.memoryBytes);
    this.#end += ResultNumbers.bytes;
    this.#putText(output);
    slab.writeUInt32BE(this.#end - start - LENGTH_BYTES, start);
    this.#unsentResults += 1;
  }

  /** Send what was put. What does not go at once goes when the runtime reads again. */
  flush(): void {
    let sent = 0;
    if (this.#answers.writableLength === 0) {
      try {
        while (sent < this.#end) sent += writeSync(Descriptor.answers, this.#slab, sent, this.#end - sent);
      } catch (error) {
        // EAGAIN is a full pipe. Whatever else it is, the stream's own way of writing finds it too.
        if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      }
    }
    if (sent < this.#end) this.#answers.write(Buffer.from(this.#slab.subarray(sent, this.#end)));
    this.#end = 0;
    this.#unsentResults = 0;
  }

  /** Call back when all that was flushed is sent. Nothing can be sent after that. */
  end(callback: () => void): void {
    this.#answers.end(callback);
  }

  #makeRoom(bytes: number): void {
    if (this.#slab.length - this.#end >= bytes) return;
    this.flush();
    if (bytes > this.#slab.length || this.#slab.length > SLAB_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes));
    }
  }

  #putStart(type: number, headBytes: number, bodyBytes: number): void {
    this.#slab.writeUInt32BE(START_BYTES - LENGTH_BYTES + headBytes + bodyBytes, this.#end);
    this.#slab[this.#end + LENGTH_BYTES] = type;
    this.#slab.writeUInt32BE(headBytes, this.#end + LENGTH_BYTES + 1);
    this.#end += START_BYTES;
  }

  #putText(text: string): void {
    if (text !== "") this.#end += this.#slab.write(text, this.#end);
  }
}
