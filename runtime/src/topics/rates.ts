/** Two looks must be so far apart to say something. */
const SHORTEST_SECONDS = 1;
/** What was seen before this says nothing of now. */
const LONGEST_SECONDS = 300;

interface Look {
  readonly published: number;
  /** In seconds, on a clock that only goes forward. */
  readonly at: number;
}

/** How fast events are published to topics: what was published between two looks. */
export class TopicRates {
  readonly #looks = new Map<string, { before: Look | undefined; last: Look }>();
  readonly #now: () => number;

  /** @param now in seconds, on a clock that only goes forward. */
  constructor(now: () => number = () => performance.now() / 1000) {
    this.#now = now;
  }

  /**
   * Note what was published to a topic so far.
   *
   * @returns events per second since an earlier look; undefined: there was none of use, or it is not known.
   */
  of(topic: string, published: number | undefined): number | undefined {
    if (published === undefined) return undefined;
    const look = { published, at: this.#now() };
    const known = this.#looks.get(topic);
    // A topic that was deleted and made anew counts from 0 again.
    const isUseful = (each: Look | undefined): each is Look =>
      each !== undefined && each.published <= published && look.at - each.at <= LONGEST_SECONDS;
    if (known === undefined || !isUseful(known.last)) {
      this.#looks.set(topic, { before: undefined, last: look });
      return undefined;
    }
    const isApart = look.at - known.last.at >= SHORTEST_SECONDS;
    const from = isApart ? known.last : known.before;
    if (isApart) this.#looks.set(topic, { before: known.last, last: look });
    return isUseful(from) ? (published - from.published) / (look.at - from.at) : undefined;
  }

  forget(topic: string): void {
    this.#looks.delete(topic);
  }
}
