import type { Duplex } from "node:stream";
import { FrameDecoder } from "../frames.ts";
import type { Frame } from "../protocol.ts";

/** From this size on a body is sent as it is, not copied into a batch. */
const SEND_ALONE_BYTES = 32 * 1024;

/** Who hears of what comes over a channel. */
export interface ChannelListener {
  readonly onFrame: (frame: Frame) => void;
  /** The bytes were no frames; nothing more is read. */
  readonly onBroken: (reason: string) => void;
  /** The other side has closed its end. */
  readonly onClosed: () => void;
}

/** Frames over a stream, those of one turn of the event loop in one write. */
export class Channel {
  readonly #stream: Duplex;
  #batch: Buffer[] = [];
  #isOpen = true;
  readonly #flush = (): void => {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    if (this.#isOpen) this.#stream.write(batch.length === 1 ? batch[0] : Buffer.concat(batch));
  };

  constructor(stream: Duplex, listener: ChannelListener) {
    this.#stream = stream;
    const decoder = new FrameDecoder();
    stream.on("data", (chunk: Buffer) => {
      if (!this.#isOpen) return;
      try {
        for (const frame of decoder.push(chunk)) listener.onFrame(frame);
      } catch (error) {
        this.#isOpen = false;
        listener.onBroken((error as Error).message);
      }
    });
    const closed = (): void => {
      this.#isOpen = false;
      listener.onClosed();
    };
    stream.on("end", closed);
    stream.on("error", closed);
    stream.on("close", closed);
  }

  send(start: Buffer, body?: Buffer): void {
    if (this.#batch.length === 0) process.nextTick(this.#flush);
    this.#batch.push(start);
    if (body === undefined || body.length === 0) return;
    if (body.length < SEND_ALONE_BYTES) this.#batch.push(body);
    else {
      this.#flush();
      if (this.#isOpen) this.#stream.write(body);
    }
  }

  /** Send what is left and close this end. */
  end(): void {
    this.#flush();
    if (this.#isOpen) this.#stream.end();
  }

  destroy(): void {
    this.#isOpen = false;
    this.#stream.destroy();
  }
}
