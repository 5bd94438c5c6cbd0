import { StringDecoder } from "node:string_decoder";

const MAX_LINE_CHARACTERS = 8192;
const NEWLINE = 0x0a;

/** Where a {@link LineSplitter} puts lines. */
export interface LineSink {
  /** @returns false where no more lines are wanted for now. */
  readonly line: (text: string) => boolean;
  /** So many lines were counted without being read, since none were wanted. */
  readonly dropped: (count: number) => void;
}

/**
 * Cuts text into lines; a line that never ends is cut at 8,192 characters and its rest dropped. When the sink
 * wants no more, the rest of a chunk is only counted, so that a flood costs little.
 */
export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8");
  readonly #sink: LineSink;
  #partial = "";
  #truncated = false;

  constructor(sink: LineSink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let start = this.#partial === "" ? skipEmptyLines(chunk, 0) : 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#append(this.#decoder.write(chunk.subarray(start, end)));
      start = end + 1;
      if (!this.end()) {
        start = this.#skip(chunk, start);
        break;
      }
      start = skipEmptyLines(chunk, start);
    }
    this.#append(this.#decoder.write(chunk.subarray(start)));
  }

  /** Give out what came after the last line break; false where no more lines are wanted. */
  end(): boolean {
    const rest = this.#partial + this.#decoder.end();
    const line = this.#truncated ? `${rest}… (cut)` : rest.replace(/\r$/, "");
    this.#partial = "";
    this.#truncated = false;
    return line === "" || this.#sink.line(line);
  }

  /** Count the whole lines that are left in a chunk; where they end. */
  #skip(chunk: Buffer, from: number): number {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    let count = 0;
    for (let at = from; at < end; at += 1) if (chunk[at] === NEWLINE) count += 1;
    if (count > 0) this.#sink.dropped(count);
    return Math.max(from, end);
  }

  #append(piece: string): void {
    const room = MAX_LINE_CHARACTERS - this.#partial.length;
    if (piece.length > room) this.#truncated = true;
    this.#partial += piece.slice(0, room);
  }
}

/** Empty lines are not worth a log line, nor the work of reading them one by one. */
function skipEmptyLines(chunk: Buffer, from: number): number {
  let at = from;
  while (chunk[at] === NEWLINE) at += 1;
  return at;
}
