import type { Day } from "./calendar.ts";
import { addUsage, type UsageRow, type UsageSums } from "./usage-row.ts";

/** Pieces that are kept of an owner; where the database is away for longer, older ones are put together. */
const MOST_PIECES = 4_096;

/** What an owner used within about a second. */
interface Piece {
  readonly day: Day;
  readonly class: string;
  /** When it began, Unix milliseconds. */
  readonly since: number;
  readonly used: UsageSums;
}

/** What some owners used lately, until it is in the database. */
export class RecentUsage {
  #pieces = new Map<string, Piece[]>();
  #forgotten = 0;

  /** Keep these owners, and no others. */
  keep(owners: Iterable<string>): void {
    this.#pieces = new Map([...owners].map((owner) => [owner, this.#pieces.get(owner) ?? []]));
  }

  add({ owner, ...piece }: Piece & { readonly owner: string }): void {
    const pieces = this.#pieces.get(owner);
    // The database has a part of one that began before.
    if (pieces === undefined || piece.since < this.#forgotten) return;
    pieces.push(piece);
    if (pieces.length > MOST_PIECES) this.#pieces.set(owner, putTogether(pieces));
  }

  /** Forget what began before a time: the database has it. */
  forget(before: number): void {
    this.#forgotten = before;
    for (const [owner, pieces] of this.#pieces) {
      if (pieces[0] !== undefined && pieces[0].since < before) {
        this.#pieces.set(
          owner,
          pieces.filter(({ since }) => since >= before),
        );
      }
    }
  }

  /** As rows of usage, of no function in particular. */
  rowsOf(owner: string): UsageRow[] {
    return (this.#pieces.get(owner) ?? []).map(({ day, class: of, used }) => ({
      day,
      owner,
      function: "",
      class: of,
      ...used,
    }));
  }
}

/** The older half as one piece of each day and class, as new as the newest of them: rather twice than not at all. */
function putTogether(pieces: readonly Piece[]): Piece[] {
  const half = pieces.length / 2;
  const older = Map.groupBy(pieces.slice(0, half), ({ day, class: of }) => `${day} ${of}`);
  const sums = [...older.values()].map((same) =>
    same.reduce((sum, piece) => ({ ...piece, used: addUsage(sum.used, piece.used) })),
  );
  return [...sums, ...pieces.slice(half)];
}
