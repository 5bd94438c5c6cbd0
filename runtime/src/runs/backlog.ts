import { RUNS_KEY } from "@gaugelet/shared/keys";
import type { Redis } from "ioredis";

const LOOK_MILLISECONDS = 1_000;
/** Bytes in Redis that are much: an entry may hold one run, or thousands. */
const MUCH_BYTES = 128 * 1024 ** 2;
/** Redis estimates by so many entries. */
const SAMPLES = 20;

/** Watches how much waits in `gaugelet:runs` for the database. */
export class Backlog {
  readonly #redis: Redis;
  readonly #most: number;
  readonly #timer: NodeJS.Timeout;
  #entries = 0;
  #bytes = 0;

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
    return this.#entries > this.#most / 2 || this.#bytes > MUCH_BYTES;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#redis.status !== "ready") return;
    const [entries, bytes] = await Promise.all([
      this.#redis.xlen(RUNS_KEY).catch(() => 0),
      this.#redis.memory("USAGE", RUNS_KEY, "SAMPLES", SAMPLES).catch(() => 0),
    ]);
    this.#entries = entries;
    this.#bytes = bytes ?? 0;
    this.#tell(entries);
  }
}
