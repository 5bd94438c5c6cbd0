import type { Replay } from "./replay.ts";

const MOST_RUNNING = 2;
const MOST_KEPT = 50;
const KEEP_MILLISECONDS = 3600 * 1000;

/** Replays of this runtime: those under way, and the results of the last ones for an hour. */
export class Replays {
  readonly #byId = new Map<string, { readonly replay: Replay; overAt: number | undefined }>();

  /** Whether no more may begin. */
  get isFull(): boolean {
    return [...this.#byId.values()].filter(({ overAt }) => overAt === undefined).length >= MOST_RUNNING;
  }

  add(replay: Replay): void {
    const kept: { readonly replay: Replay; overAt: number | undefined } = { replay, overAt: undefined };
    this.#byId.set(replay.id, kept);
    void replay.over.then(() => {
      kept.overAt = performance.now();
    });
    this.#forget();
  }

  get(id: string): Replay | undefined {
    this.#forget();
    return this.#byId.get(id)?.replay;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#byId.values()].map(({ replay }) => replay.cancel()));
  }

  #forget(): void {
    const oldest = performance.now() - KEEP_MILLISECONDS;
    for (const [id, { overAt }] of this.#byId) {
      const isSuperfluous = this.#byId.size > MOST_KEPT && overAt !== undefined;
      if (isSuperfluous || (overAt ?? Number.POSITIVE_INFINITY) < oldest) this.#byId.delete(id);
    }
  }
}
