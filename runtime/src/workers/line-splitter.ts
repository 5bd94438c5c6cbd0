import { StringDecoder } from "node:string_decoder";

const MAX_LINE_CHARACTERS = 8192;

/** Cuts text into lines; a line that never ends is cut at 8,192 characters and its rest dropped. */
export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8");
  readonly #emit: (line: string) => void;
  #partial = "";
  #truncated = false;

  constructor(emit: (line: string) => void) {
    this.#emit = emit;
  }

  push(chunk: Buffer): void {
    const pieces = this.#decoder.write(chunk).split("\n");
    const last = pieces.pop() ?? "";
    for (const piece of pieces) {
      this.#append(piece);
      this.end();
    }
    this.#append(last);
  }

  /** Give out what came after the last line break. */
  end(): void {
    const line = this.#truncated ? `${this.#partial}… (cut)` : this.#partial.replace(/\r$/, "");
    this.#partial = "";
    this.#truncated = false;
    if (line !== "") this.#emit(line);
  }

  #append(piece: string): void {
    const room = MAX_LINE_CHARACTERS - this.#partial.length;
    if (piece.length > room) this.#truncated = true;
    this.#partial += piece.slice(0, room);
  }
}
