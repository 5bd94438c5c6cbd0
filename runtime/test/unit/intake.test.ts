import fc from "fast-check";
import { expect, test } from "vitest";
import { Delivery } from "../../src/dispatcher/delivery.ts";
import { NO_CONTEXT } from "../../src/dispatcher/event.ts";
import type { Flow } from "../../src/dispatcher/feed.ts";
import { Intake } from "../../src/dispatcher/intake.ts";

/** A flow that counts what it gave. */
class Supply implements Flow {
  weight: number;
  left: number;
  taken = 0;
  isInTurn = false;
  /** Nothing is due before this. */
  from = 0;
  readonly #next = new Delivery({
    source: "s",
    shard: "",
    body: Buffer.alloc(0),
    position: null,
    context: NO_CONTEXT,
    isSuperseded: false,
    receivedAt: 0,
  });

  constructor(weight: number, left = Number.POSITIVE_INFINITY) {
    this.weight = weight;
    this.left = left;
  }

  peek(now: number): Delivery | undefined {
    return this.left > 0 && now >= this.from ? this.#next : undefined;
  }

  take(): Delivery | undefined {
    this.left -= 1;
    this.taken += 1;
    return this.#next;
  }
}

function intakeOf(...supplies: readonly Supply[]): Intake {
  const intake = new Intake();
  for (const supply of supplies) intake.wake(supply);
  return intake;
}

/** Take so many. @returns how many there were. */
function takeFrom(intake: Intake, most: number, now = 0): number {
  let count = 0;
  while (count < most && intake.peek(now) !== undefined) {
    intake.take();
    count += 1;
  }
  return count;
}

test("four times the weight is given four times as many, at any time", () => {
  const [premium, standard] = [new Supply(4), new Supply(1)];
  const intake = intakeOf(standard, premium);
  for (let round = 1; round <= 100; round += 1) {
    takeFrom(intake, 5);
    expect(Math.abs(standard.taken - round)).toBeLessThanOrEqual(1);
    expect(premium.taken + standard.taken).toBe(5 * round);
  }
});

test("flows of one weight take turns", () => {
  const supplies = [new Supply(1), new Supply(1), new Supply(1)];
  const intake = intakeOf(...supplies);
  takeFrom(intake, 31);
  expect(supplies.map(({ taken }) => taken)).toEqual([11, 10, 10]);
});

test("none starves, whatever the weights: each weight is given its part but for one event of each", () => {
  const weights = fc.uniqueArray(fc.integer({ min: 1, max: 400 }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 2_000 }), (quarters, most) => {
      const supplies = quarters.map((quarter) => new Supply(quarter / 4));
      takeFrom(intakeOf(...supplies), most);
      const sum = supplies.reduce((before, { weight }) => before + weight, 0);
      for (const { taken, weight } of supplies) {
        const part = (most * weight) / sum;
        expect(taken).toBeGreaterThanOrEqual(Math.floor(part) - supplies.length);
        expect(taken).toBeLessThanOrEqual(Math.ceil(part) + supplies.length);
      }
    }),
  );
});

test("a flow alone is given everything, and one that was idle has nothing to make up for", () => {
  const [busy, idle] = [new Supply(1), new Supply(1.5, 0)];
  const intake = intakeOf(busy, idle);
  expect(takeFrom(intake, 1_000)).toBe(1_000);
  expect(busy.taken).toBe(1_000);
  idle.left = Number.POSITIVE_INFINITY;
  intake.wake(idle);
  takeFrom(intake, 25);
  expect(idle.taken).toBeGreaterThanOrEqual(14);
  expect(idle.taken).toBeLessThanOrEqual(16);
});

test("a flow that is not woken is not asked again", () => {
  const later = new Supply(1);
  later.from = 100;
  const intake = intakeOf(later);
  expect(intake.peek(0)).toBeUndefined();
  expect(intake.isActive).toBe(false);
  expect(intake.peek(100)).toBeUndefined();
  intake.wake(later);
  expect(intake.isActive).toBe(true);
  expect(takeFrom(intake, 3, 100)).toBe(3);
});

test("what is at its end makes room for the others", () => {
  const [premium, standard] = [new Supply(4, 4), new Supply(1, 10)];
  const intake = intakeOf(premium, standard);
  expect(takeFrom(intake, 100)).toBe(14);
  expect([premium.taken, standard.taken]).toEqual([4, 10]);
  expect(intake.isActive).toBe(false);
});

test("nothing is taken from a flow that was removed, nor what nobody looked at", () => {
  const [first, second] = [new Supply(1), new Supply(1)];
  const intake = intakeOf(first, second);
  intake.peek(0);
  intake.remove(first);
  expect(intake.take()).toBeUndefined();
  takeFrom(intake, 10);
  expect([first.taken, second.taken]).toEqual([0, 10]);
});

test("a flow whose weight changes is given its part of the new one, though it never is at its end", () => {
  const [changed, other] = [new Supply(1), new Supply(1)];
  const intake = intakeOf(changed, other);
  takeFrom(intake, 10);
  changed.weight = 4;
  const before = changed.taken;
  takeFrom(intake, 100);
  expect(changed.taken - before).toBeGreaterThanOrEqual(78);
  expect(changed.taken - before).toBeLessThanOrEqual(82);
});
