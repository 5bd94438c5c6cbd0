import { setImmediate as immediate } from "node:timers/promises";
import { garbageCollector } from "@gaugelet/testing/garbage";
import { beforeEach, expect, test } from "vitest";
import { Turns, type TurnTaker } from "../../src/dispatcher/turns.ts";

/** A function whose workers are busy for a while at each turn, for ever. */
class Taker implements TurnTaker {
  readonly weight: number;
  readonly #turns: Turns;
  readonly #milliseconds: number;
  had = 0;
  wants = true;
  isBusy = false;
  since = 0;

  constructor(turns: Turns, weight: number, milliseconds: number) {
    this.#turns = turns;
    this.weight = weight;
    this.#milliseconds = milliseconds;
  }

  onTurn(): void {
    if (!this.wants || this.isBusy || !this.#turns.begin(this)) return;
    this.isBusy = true;
    this.since = now;
  }

  /** Its turn ends when its time has come. */
  tick(): void {
    if (!this.isBusy || now - this.since < this.#milliseconds) return;
    this.isBusy = false;
    this.had += now - this.since;
    this.#turns.end(this, this.since, now, this.wants);
    this.onTurn();
  }
}

let now: number;

beforeEach(() => {
  now = 0;
});

function run(takers: readonly Taker[], milliseconds: number): void {
  for (const taker of takers) taker.onTurn();
  for (const until = now + milliseconds; now < until; now += 1) for (const taker of takers) taker.tick();
}

test("time goes by weight, however long each turn takes, and none starves", () => {
  const turns = new Turns(1);
  const takers = [new Taker(turns, 4, 10), new Taker(turns, 1, 10), new Taker(turns, 1, 50)];
  run(takers, 60_000);
  const [premium = 0, standard = 0, slow = 0] = takers.map(({ had }) => had);
  expect(premium / standard).toBeGreaterThan(3.7);
  expect(premium / standard).toBeLessThan(4.3);
  expect(slow / standard).toBeGreaterThan(0.9);
  expect(slow / standard).toBeLessThan(1.1);
});

test("with as many turns as there are takers nobody waits", () => {
  const turns = new Turns(3);
  const takers = [1, 1, 4].map((weight) => new Taker(turns, weight, 10));
  run(takers, 1_000);
  expect(takers.map(({ had }) => had)).toEqual([1_000, 1_000, 1_000].map((all) => all - 10));
});

test("who wanted nothing for a while has nothing to make up for", () => {
  const turns = new Turns(1);
  const idle = new Taker(turns, 1, 10);
  const busy = new Taker(turns, 1, 10);
  idle.wants = false;
  run([busy, idle], 10_000);
  idle.wants = true;
  const before = busy.had;
  run([idle, busy], 10_000);
  expect(Math.abs(busy.had - before - idle.had)).toBeLessThan(100);
});

test("a turn is over after a while where others wait, and not where nobody does", () => {
  const turns = new Turns(1);
  const [first, second] = [new Taker(turns, 1, 1e6), new Taker(turns, 1, 1e6)];
  first.onTurn();
  expect(turns.isOver(0, 1_000)).toBe(false);
  second.onTurn();
  expect(turns.isOver(0, 5)).toBe(false);
  expect(turns.isOver(0, 10)).toBe(true);
  turns.leave(second);
  expect(turns.isOver(0, 1_000)).toBe(false);
});

test("one that leaves while it waits makes room for the next", () => {
  const turns = new Turns(1);
  const [first, second, third] = [1, 1, 1].map((weight) => new Taker(turns, weight, 10)) as [
    Taker,
    Taker,
    Taker,
  ];
  first.onTurn();
  second.onTurn();
  third.onTurn();
  second.wants = false;
  turns.end(first, 0, 10, false);
  expect(third.isBusy).toBe(true);
});

test("one that has left is not held, though its worker was busy until later", async () => {
  const turns = new Turns(2);
  const takers = Array.from({ length: 10 }, () => {
    const taker = new Taker(turns, 1, 10);
    turns.begin(taker);
    turns.leave(taker);
    turns.end(taker, 0, 10, false);
    return new WeakRef(taker);
  });
  // What a WeakRef was just made of stays until the turn of the event loop is over.
  await immediate();
  garbageCollector()();
  expect(takers.filter((taker) => taker.deref() !== undefined).length).toBeLessThan(2);
});
