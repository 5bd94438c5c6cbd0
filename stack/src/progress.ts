import { stripVTControlCharacters } from "node:util";
import { formatSeconds } from "./seconds.ts";

/** What a step may say while it runs. */
export interface Step {
  /** What it is at right now, such as the last line of a tool's output. */
  detail(text: string): void;
  /** Another text for the line that stays when the step is done. */
  result(text: string): void;
}

interface ActiveStep {
  readonly title: string;
  readonly started: number;
  detail: string;
  result: string;
}

const FRAMES = ["-", "\\", "|", "/"];

/**
 * Shows what is being done and how long it took.
 *
 * On a terminal the running steps are redrawn in place. Elsewhere each line is written once: when a step is
 * done, and every ten seconds while one runs on, with the last it said.
 */
export class Progress {
  readonly #stream: NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
  readonly #inPlace: boolean;
  readonly #active = new Set<ActiveStep>();
  #timer: NodeJS.Timeout | undefined;
  #drawnLines = 0;
  #frame = 0;

  constructor(stream: NodeJS.WritableStream & { isTTY?: boolean; columns?: number }) {
    this.#stream = stream;
    this.#inPlace = stream.isTTY === true && process.env.TERM !== "dumb";
  }

  /** Do some work as a step; fails as the work fails. Steps may run side by side. */
  async step<Result>(title: string, work: (step: Step) => Promise<Result>): Promise<Result> {
    const active: ActiveStep = { title, started: performance.now(), detail: "", result: title };
    this.#active.add(active);
    this.#startTimer();
    try {
      const result = await work({
        detail: (text) => {
          active.detail = stripControls(text);
        },
        result: (text) => {
          active.result = text;
        },
      });
      this.#finish(active, `ok      ${active.result}`);
      return result;
    } catch (error) {
      const outcome = (error as Error).name === "AbortError" ? "stopped" : "failed";
      this.#finish(active, `${outcome.padEnd(8)}${active.title}`);
      throw error;
    }
  }

  /** Write a line, or several, that stay. */
  line(text: string): void {
    this.#erase();
    this.#stream.write(`${text}\n`);
    this.#draw();
  }

  #finish(active: ActiveStep, text: string): void {
    this.#active.delete(active);
    if (this.#active.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
    }
    this.line(`${text} (${formatSeconds(performance.now() - active.started)})`);
  }

  #startTimer(): void {
    this.#timer ??= this.#inPlace
      ? setInterval(() => {
          this.#frame += 1;
          this.#erase();
          this.#draw();
        }, 120)
      : setInterval(() => this.#writeAlive(), 10_000);
  }

  #writeAlive(): void {
    for (const step of this.#active) this.#stream.write(`...     ${describe(step)}\n`);
  }

  #erase(): void {
    if (this.#drawnLines === 0) return;
    this.#stream.write(`\u001b[${this.#drawnLines}A\r\u001b[0J`);
    this.#drawnLines = 0;
  }

  #draw(): void {
    if (!this.#inPlace) return;
    const width = (this.#stream.columns || 80) - 1;
    for (const step of this.#active) {
      const sign = (FRAMES[this.#frame % FRAMES.length] as string).padEnd(8);
      this.#stream.write(`${`${sign}${describe(step)}`.slice(0, width)}\n`);
      this.#drawnLines += 1;
    }
  }
}

function describe(step: ActiveStep): string {
  const seconds = Math.floor((performance.now() - step.started) / 1000);
  return `${step.title} (${seconds} s)${step.detail === "" ? "" : `: ${step.detail}`}`;
}

/** A tool's output may hold colours and cursor movements, which would garble the lines that are redrawn. */
function stripControls(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\p{Cc}/gu, "")
    .trim();
}
