import type { WrittenLine } from "./transport.ts";

const MOST_LINES = 100;
const MOST_CHARACTERS = 16 * 1024;

/**
 * The lines that a worker writes, divided among its calls: what comes until a call is answered is that call's, and what
 * comes after it while no other is under way. Lines and answers come over connections of their own, so that with
 * several calls in flight a line may be taken for one of the call before it or after it.
 */
export class CallLogs {
  #lines: string[] = [];
  #characters = 0;

  /** @param isBusy whether a call is under way. */
  add(line: WrittenLine, isBusy: boolean): void {
    if (!isBusy && this.#last !== undefined) {
      if (this.#last.length < MOST_LINES) this.#last.push(textOf(line).slice(0, MOST_CHARACTERS));
      return;
    }
    if (this.#lines.length >= MOST_LINES || this.#characters >= MOST_CHARACTERS) return;
    const text = textOf(line).slice(0, MOST_CHARACTERS - this.#characters);
    this.#characters += text.length;
    this.#lines.push(text);
  }

  /** A call is over. @returns its lines, to which some may be added yet. */
  take(): readonly string[] {
    const lines = this.#lines;
    this.#last = lines;
    this.#lines = [];
    this.#characters = 0;
    return lines;
  }

  #last: string[] | undefined;
}

function textOf(line: WrittenLine): string {
  return line.stream === "logging" ? `${line.level} ${line.logger}: ${line.text}` : line.text;
}
