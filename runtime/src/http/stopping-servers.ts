import { within } from "../within.ts";
import type { HttpServer } from "./server.ts";

/**
 * Servers that are asked to stop, and what they serve after them: a request that takes long is not waited for until
 * its limit, as what it waits for has one of its own.
 */
export class StoppingServers {
  readonly #closed: Promise<void>[] = [];

  /** Take no more requests. Settles when none is under way, or after a while: then it goes on by itself. */
  async stop(server: HttpServer, milliseconds: number): Promise<void> {
    const closed = server.stop();
    this.#closed.push(closed);
    await within(milliseconds, closed, undefined);
  }

  /** Settles when all of them are closed. */
  async closed(): Promise<void> {
    await Promise.all(this.#closed);
  }
}
