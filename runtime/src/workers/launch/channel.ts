import type { Duplex, Readable, Writable } from "node:stream";
import { encodeStart, FrameDecoder, type OutgoingFrame, type ReceivedFrame } from "../frames.ts";

const BATCH_BYTES = 64 * 1024;
/** From this size on a body is sent as it is, not copied into a batch. */
const SEND_ALONE_BYTES = 16 * 1024;
const MOST_FREE_BATCHES = 8;

/** Both directions of a connection; they may be one stream. */
export interface Connection {
  readonly outgoing: Writable;
  readonly incoming: Readable;
  /** @param hear is given each chunk that comes, the first bytes of a buffer that may be used again when it returns. */
  readonly onBytes: (hear: (buffer: Buffer, length: number) => void) => void;
}

/** A connection that gives each chunk memory of its own. */
export function connectionOf(stream: Duplex): Connection {
  return connectionBy(stream, stream);
}

/** The same over one stream for each direction. */
export function connectionBy(outgoing: Writable, incoming: Readable): Connection {
  const onBytes: Connection["onBytes"] = (hear) =>
    void incoming.on("data", (chunk: Buffer) => hear(chunk, chunk.length));
  return { outgoing, incoming, onBytes };
}

/** Who hears of what comes over a channel. */
export interface ChannelListener {
  /** The frame is good until this returns. */
  readonly onFrame: (frame: ReceivedFrame) => void;
  /** The bytes were no frames; nothing more is read. */
  readonly onBroken: (reason: string) => void;
  /** The other side has closed its end. */
  readonly onClosed: () => void;
}

/**
 * Frames over a connection, those of one turn of the event loop in as few writes as they fit in.
 *
 * Frames are copied into buffers that are used again: to give each its own costs more than everything else that is
 * done with it.
 */
export class Channel {
  readonly #outgoing: Writable;
  readonly #incoming: Readable;
  readonly #free: Buffer[] = [];
  #batch: Buffer | undefined;
  #length = 0;
  #isOpen = true;
  readonly #flush = (): void => {
    const batch = this.#batch;
    if (batch === undefined) return;
    const bytes = batch.subarray(0, this.#length);
    this.#batch = undefined;
    this.#length = 0;
    if (!this.#isOpen) return;
    this.#outgoing.write(bytes, () => {
      if (this.#free.length < MOST_FREE_BATCHES) this.#free.push(batch);
    });
  };

  /** @param maxFrameBytes that a frame may have which comes. */
  constructor(connection: Connection, listener: ChannelListener, maxFrameBytes?: number) {
    const { outgoing, incoming, onBytes } = connection;
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    const decoder = new FrameDecoder(maxFrameBytes);
    const hear = (frame: ReceivedFrame): boolean => {
      listener.onFrame(frame);
      return this.#isOpen;
    };
    onBytes((buffer, length) => {
      if (!this.#isOpen) return;
      try {
        decoder.push(buffer, length, hear);
      } catch (error) {
        this.#isOpen = false;
        listener.onBroken((error as Error).message);
      }
    });
    const closed = (): void => {
      this.#isOpen = false;
      listener.onClosed();
    };
    incoming.on("end", closed);
    incoming.on("error", closed);
    incoming.on("close", closed);
    outgoing.on("error", closed);
  }

  /**
   * Send a frame, at the end of this turn of the event loop: so those of many connections travel together.
   *
   * @param isUrgent sends it at once, where nothing waits to be sent: the others of this turn go without it.
   */
  send(frame: OutgoingFrame, isUrgent = false): void {
    const { body, startBytes } = frame;
    const size = startBytes + body.length;
    if (size > SEND_ALONE_BYTES) {
      this.#flush();
      if (!this.#isOpen) return;
      this.#outgoing.write(encodeStart(frame));
      if (body.length > 0) this.#outgoing.write(body);
      return;
    }
    if (this.#length + size > BATCH_BYTES) this.#flush();
    const isFirst = this.#batch === undefined;
    const batch = this.#batch ?? this.#free.pop() ?? Buffer.allocUnsafeSlow(BATCH_BYTES);
    this.#batch = batch;
    frame.writeStart(batch, this.#length);
    batch.set(body, this.#length + startBytes);
    this.#length += size;
    if (!isFirst) return;
    if (isUrgent) this.#flush();
    else setImmediate(this.#flush);
  }

  /** Send what is left and nothing more; what still comes is heard. */
  end(): void {
    this.#flush();
    if (this.#isOpen) this.#outgoing.end();
  }

  /** Hear nothing more, and say nothing. */
  close(): void {
    this.#isOpen = false;
  }

  destroy(): void {
    this.#isOpen = false;
    this.#outgoing.destroy();
    this.#incoming.destroy();
  }
}
