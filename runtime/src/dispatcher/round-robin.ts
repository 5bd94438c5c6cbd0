import Denque from "denque";

/** Something that takes turns with others, in one {@link RoundRobin} at a time. */
export interface TakesTurns {
  /** Whether it is in one, which sets this. */
  isInTurn: boolean;
}

/**
 * Members that take turns, each of them once.
 *
 * A set would do, but for its cost where members come and go with each event: V8 replaces its table then, and the old
 * table refers to the new one. Once one of them was old, all that came after it would stay until a full collection.
 */
export class RoundRobin<Member extends TakesTurns> {
  readonly #members = new Denque<Member>();

  get size(): number {
    return this.#members.length;
  }

  /** Whose turn it is. */
  get first(): Member | undefined {
    return this.#members.peekFront();
  }

  /** Add one behind the others, unless it is there already. */
  add(member: Member): void {
    if (member.isInTurn) return;
    member.isInTurn = true;
    this.#members.push(member);
  }

  /** The first has had its turn, and is the last now. */
  next(): void {
    const first = this.#members.shift();
    if (first !== undefined) this.#members.push(first);
  }

  /** Take the first one out. */
  dropFirst(): void {
    const first = this.#members.shift();
    if (first !== undefined) first.isInTurn = false;
  }

  /** Take one out, wherever it stands. @returns whether it was there. */
  remove(member: Member): boolean {
    const at = member.isInTurn ? this.#members.toArray().indexOf(member) : -1;
    if (at === -1) return false;
    this.#members.removeOne(at);
    member.isInTurn = false;
    return true;
  }

  clear(): void {
    while (this.#members.length > 0) this.dropFirst();
  }
}
