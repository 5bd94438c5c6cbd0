import type { Socket } from "node:net";
import { Duplex } from "node:stream";

/** As much of a socket as a PostgreSQL client uses, over one that is there already, or will be. */
export class LateSocket extends Duplex {
  readonly #socket: Promise<Socket>;

  constructor(socket: Promise<Socket>) {
    super();
    this.#socket = socket;
    socket.then(
      (found) => {
        found.on("data", (data) => {
          if (!this.push(data)) found.pause();
        });
        found.on("close", () => {
          this.push(null);
          this.destroy();
        });
        found.on("error", (error) => this.destroy(error));
      },
      (error: Error) => this.destroy(error),
    );
  }

  /** The address does not matter. */
  connect(): this {
    void this.#socket.then(
      () => this.emit("connect"),
      () => {},
    );
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override _read(): void {
    void this.#socket.then(
      (socket) => socket.resume(),
      () => {},
    );
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    void this.#socket.then((socket) => socket.write(chunk, done), done);
  }

  override _final(done: () => void): void {
    void this.#socket.then((socket) => socket.end(done), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    void this.#socket.then(
      (socket) => socket.destroy(),
      () => {},
    );
    done(error);
  }
}
