import { RUNS_KEY } from "@gaugelet/shared/keys";
import type { Redis } from "ioredis";

const LOOK_MILLISECONDS = 1_000;

/** Watches how much waits in `gaugelet:runs` for the database. */
export class Backlog {
  readonly #redis: Redis;
  readonly #most: number;
  readonly #timer: NodeJS.Timeout;
  #entries = 0;

  readonly #tell: (entries: number) => void;

  /**
   * @param most entries that there may be.
   * @param tell hears how many there are, every second.
   */
  constructor(redis: Redis, most: number, tell: (entries: number) => void) {
    this.#tell = tell;
    this.#redis = redis;
    this.#most = most;
    this.#timer = setInterval(() => void this.#look(), LOOK_MILLISECONDS);
    this.#timer.unref();
  }

  /** Whether so many wait that less should come. */
  get isBehind(): boolean {
    return this.#entries > this.#most / 2;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#redis.status !== "ready") return;
    this.#entries = await this.#redis.xlen(RUNS_KEY).catch(() => 0);
    this.#tell(this.#entries);
  }
}
