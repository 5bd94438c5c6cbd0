import { CallLogs } from "./call-logs.ts";
import type { WrittenLine, WrittenLines } from "./transport.ts";

/** What becomes of the lines that a worker's process writes. */
export interface LineOptions {
  readonly lines: WrittenLines;
  /** Whether a line of stderr says that the process ends for lack of memory. */
  readonly saysMemoryIsFull: (line: string) => boolean;
  /** Whether what each call writes is kept for its record. */
  readonly keepsLines?: boolean;
}

/** The lines of one worker's process: passed on, kept with the calls that wrote them, and asked why it ends. */
export class ProcessLines implements WrittenLines {
  readonly #options: LineOptions;
  readonly #isBusy: () => boolean;
  readonly dropped: WrittenLines["dropped"];
  /** By calls, where that is kept. */
  readonly logs: CallLogs | undefined;
  #saidMemoryIsFull = false;

  /** @param isBusy whether a call is under way. */
  constructor(options: LineOptions, isBusy: () => boolean) {
    this.#options = options;
    this.#isBusy = isBusy;
    this.dropped = options.lines.dropped;
    this.logs = options.keepsLines ? new CallLogs() : undefined;
  }

  /** Whether the process has said that it ends for lack of memory. */
  get saidMemoryIsFull(): boolean {
    return this.#saidMemoryIsFull;
  }

  line(line: WrittenLine): boolean {
    const { lines, saysMemoryIsFull } = this.#options;
    if (line.stream === "stderr" && saysMemoryIsFull(line.text)) this.#saidMemoryIsFull = true;
    const isWritten = lines.line(line);
    if (isWritten) this.logs?.add(line, this.#isBusy());
    return isWritten;
  }
}
