/** Replies that are awaited at the same time, which bounds the memory that they take. */
const READS_AT_ONCE = 4;

/** What can be read once. */
interface Readable {
  /** Read once. Never throws. */
  read(): Promise<void>;
}

/** First asked, first read: a topic that has more asks again, and so comes after all the others that wait. */
export class ReadTurns {
  readonly #waiting = new Set<Readable>();
  #underWay = 0;

  /** Read this once, soon. */
  ask(topic: Readable): void {
    this.#waiting.add(topic);
    this.#next();
  }

  /** It is not to be read any more. */
  drop(topic: Readable): void {
    this.#waiting.delete(topic);
  }

  #next(): void {
    for (const topic of this.#waiting) {
      if (this.#underWay >= READS_AT_ONCE) return;
      this.#waiting.delete(topic);
      this.#underWay += 1;
      void topic.read().then(() => {
        this.#underWay -= 1;
        this.#next();
      });
    }
  }
}
