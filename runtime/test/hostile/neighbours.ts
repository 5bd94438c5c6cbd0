import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import type { Stage } from "./stage.ts";

const PAUSE_MILLISECONDS = 10;
/** Generous: only a runtime that is gone takes so long. */
const PATIENCE_MILLISECONDS = 30_000;
const NEWCOMER_PAUSE_MILLISECONDS = 150;

/**
 * What others do all the while: calls over HTTP and changes of a key in Redis, each counted by a function that
 * keeps state, and calls of a function whose workers are started anew again and again. An event that is lost,
 * or counted twice, makes the counts differ for good.
 */
export class Neighbours {
  readonly #stage: Stage;
  #running: Promise<unknown> | undefined;
  #isWanted = false;
  /** Events that were handled as they should, by neighbour. */
  readonly handled = { http: 0, key: 0, newcomer: 0 };
  /** Longest time in milliseconds that an event of each took. */
  readonly longest = { http: 0, key: 0, newcomer: 0 };
  #problem: unknown;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  start(): void {
    this.#isWanted = true;
    this.#running = Promise.all([
      this.#repeat("http", PAUSE_MILLISECONDS, (n) => this.#callOne(n)),
      this.#repeat("key", PAUSE_MILLISECONDS, (n) => this.#changeKey(n)),
      this.#repeat("newcomer", NEWCOMER_PAUSE_MILLISECONDS, () => this.#callNewcomer()),
    ]);
  }

  /** Finish what is under way. @throws what went wrong since the start. */
  async stop(): Promise<void> {
    this.#isWanted = false;
    await this.#running;
    if (this.#problem !== undefined) throw this.#problem;
  }

  /** Wait until each has handled something after now. */
  async progress(): Promise<void> {
    const before = { ...this.handled };
    await waitFor("an event of each neighbour", () => {
      if (this.#problem !== undefined) return true;
      return Object.entries(before).every(
        ([name, count]) => this.handled[name as keyof typeof before] > count,
      );
    });
  }

  async #repeat(
    name: keyof Neighbours["handled"],
    pause: number,
    one: (n: number) => Promise<void>,
  ): Promise<void> {
    try {
      while (this.#isWanted) {
        const started = performance.now();
        await one(this.handled[name] + 1);
        this.handled[name] += 1;
        this.longest[name] = Math.max(this.longest[name], performance.now() - started);
        await sleep(pause);
      }
    } catch (error) {
      const said = this.#stage.written().slice(-2000);
      this.#problem ??= new Error(
        `neighbour ${name}, event ${this.handled[name] + 1}; the runtime said: ${said}`,
        {
          cause: error,
        },
      );
    }
  }

  async #callOne(n: number): Promise<void> {
    expectSame(await this.#post("neighbour-http", { n }), { count: n, n });
  }

  async #changeKey(n: number): Promise<void> {
    const { client } = this.#stage.redis;
    await client.set("neighbour-input", JSON.stringify({ n }));
    const output = await waitFor(`output ${n} of neighbour-key`, async () => {
      const text = await client.get("gaugelet:output:neighbour-key");
      const value = text === null ? undefined : (JSON.parse(text) as { n: number });
      return value?.n === n ? value : undefined;
    });
    expectSame(output, { count: n, n });
  }

  async #callNewcomer(): Promise<void> {
    expectSame(await this.#post("newcomer", {}), { sum: 9, env: 0 });
  }

  async #post(name: string, event: object): Promise<unknown> {
    const url = `http://127.0.0.1:${this.#stage.ports.runtime}/functions/${name}`;
    const response = await fetch(url, {
      method: "POST",
      body: JSON.stringify(event),
      signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
    return JSON.parse(text);
  }
}

function expectSame(found: unknown, expected: object): void {
  const texts = [found, expected].map((value) => JSON.stringify(value));
  if (texts[0] !== texts[1]) throw new Error(`expected ${texts[1]}, found ${texts[0]}`);
}
