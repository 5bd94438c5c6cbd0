import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";

/** QEMU's monitor: commands and answers, one line of JSON each; https://qemu.readthedocs.io/en/v7.2.0/interop/qemu-qmp-ref.html */
export class Monitor {
  readonly #stream: Duplex;
  /** Settles when the machine goes on after it was restored; or is gone. */
  readonly resumed: Promise<void>;
  readonly #resumed = Promise.withResolvers<void>();
  readonly #waiting: PromiseWithResolvers<unknown>[] = [];

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.resumed = this.#resumed.promise;
    stream.on("error", () => {});
    const lines = createInterface({ input: stream });
    lines.on("line", (line) => this.#hear(line));
    // Of the stream, which says it again.
    lines.on("error", () => {});
    stream.on("close", () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error("it ended"));
    });
    this.say("qmp_capabilities");
  }

  /** @throws Error with QEMU's words where it fails. */
  async ask(execute: string, argument: object = {}): Promise<unknown> {
    if (this.#stream.destroyed) throw new Error("it ended");
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.push(answer);
    this.#stream.write(`${JSON.stringify({ execute, arguments: argument })}\n`);
    return await answer.promise;
  }

  /** The same, where nobody waits for the answer. */
  say(execute: string, argument: object = {}): void {
    this.ask(execute, argument).catch(() => {});
  }

  #hear(line: string): void {
    let message: {
      readonly event?: string;
      readonly return?: unknown;
      readonly error?: { readonly desc?: string };
    };
    try {
      message = JSON.parse(line) as typeof message;
    } catch {
      return;
    }
    if (message.event === "RESUME") this.#resumed.resolve();
    if (message.error !== undefined) {
      this.#waiting.shift()?.reject(new Error(message.error.desc ?? "QEMU refused"));
    } else if ("return" in message) this.#waiting.shift()?.resolve(message.return);
  }
}
