import { describe, expect, test } from "vitest";
import {
  decideScaling,
  NEW_SCALING_MEMORY,
  type PoolObservation,
  type ScalingMemory,
  type ScalingPolicy,
} from "../../src/workers/scaling-rule.ts";

const POLICY: ScalingPolicy = {
  min: 1,
  max: 8,
  spare: 0,
  scaleUp: { utilization: 0.8, for: 300 },
  scaleDown: { idle: 600 },
};

type Load = Omit<PoolObservation, "now" | "target">;

/** All workers work all the time. */
const full = (target: number): Load => ({ utilization: 1, used: target, busy: target });
/** All are used, and none has anything to do now. */
const calm = (target: number): Load => ({ utilization: 0.5, used: target, busy: 0 });
const IDLE: Load = { utilization: 0, used: 0, busy: 0 };

/** A pool whose clock is moved by hand. */
class Pool {
  target: number;
  now = 1_000_000;
  memory: ScalingMemory = NEW_SCALING_MEMORY;
  readonly #policy: ScalingPolicy;
  readonly reasons: string[] = [];

  constructor(changes: Partial<ScalingPolicy> = {}, target?: number) {
    this.#policy = { ...POLICY, ...changes };
    this.target = target ?? this.#policy.min;
  }

  /** Look once, `seconds` after the last time. @returns the target. */
  see(load: Load, seconds = 10): number {
    this.now += seconds;
    const seen = { ...load, now: this.now, target: this.target };
    const { target, reason, memory } = decideScaling(this.#policy, seen, this.memory);
    expect(reason === undefined).toBe(target === this.target);
    if (reason !== undefined) this.reasons.push(reason);
    this.target = target;
    this.memory = memory;
    return target;
  }

  /** Look every ten seconds for so long. @returns the targets after each look. */
  seeFor(seconds: number, load: (target: number) => Load): number[] {
    return Array.from({ length: seconds / 10 }, () => this.see(load(this.target)));
  }
}

describe("more workers", () => {
  test("come when the utilization was above the threshold for the whole time, and not before", () => {
    const pool = new Pool();
    expect(new Set(pool.seeFor(300, full))).toEqual(new Set([1]));
    expect(pool.see(full(1))).toBe(2);
    expect(pool.reasons).toEqual(["utilization stayed above 80 %"]);
  });

  test("double each time, up to the maximum, and after a whole time each", () => {
    const pool = new Pool({ max: 7 });
    const targets = pool.seeFor(3000, full);
    const changes = targets.flatMap((target, index) =>
      target === (targets[index - 1] ?? 1) ? [] : [[(index + 1) * 10, target]],
    );
    // The first look begins the time.
    expect(changes).toEqual([
      [310, 2],
      [620, 4],
      [930, 7],
    ]);
  });

  test.each([0.8, 0.79, 0.5, 0])("do not come at a utilization of %d", (utilization) => {
    const pool = new Pool();
    pool.seeFor(3000, (target) => ({ ...full(target), utilization }));
    expect(pool.target).toBe(1);
  });

  test("come at a utilization just above the threshold", () => {
    const pool = new Pool();
    pool.seeFor(310, (target) => ({ ...full(target), utilization: 0.800_001 }));
    expect(pool.target).toBe(2);
  });

  test("do not come where one look in between was below", () => {
    const pool = new Pool();
    for (let round = 0; round < 5; round += 1) {
      pool.seeFor(300, full);
      pool.see({ ...full(1), utilization: 0.7 });
    }
    expect(pool.target).toBe(1);
    pool.seeFor(310, full);
    expect(pool.target).toBe(2);
  });

  test("have to show first what they change: the time begins again after each doubling", () => {
    const pool = new Pool();
    pool.seeFor(310, full);
    expect(pool.memory).toEqual(NEW_SCALING_MEMORY);
    expect(new Set(pool.seeFor(300, full))).toEqual(new Set([2]));
    expect(pool.see(full(2))).toBe(4);
  });

  test("never go beyond the maximum, however long it lasts", () => {
    for (const max of [1, 2, 3, 5, 8, 100]) {
      const pool = new Pool({ max });
      const targets = pool.seeFor(10_000, full);
      expect(Math.max(...targets)).toBe(max);
      expect(targets).toEqual(targets.toSorted((a, b) => a - b));
    }
  });

  test("the time is the policy's, and so are the looks", () => {
    const pool = new Pool({ scaleUp: { utilization: 0.5, for: 1 } });
    expect([
      pool.see(full(1), 0),
      pool.see(full(1), 0.5),
      pool.see(full(1), 0.49),
      pool.see(full(1), 0.01),
    ]).toEqual([1, 1, 1, 2]);
    expect(pool.reasons).toEqual(["utilization stayed above 50 %"]);
  });

  test("a single look after a long time decides nothing by itself", () => {
    const pool = new Pool();
    pool.see(calm(1));
    expect(pool.see(full(1), 100_000)).toBe(1);
    expect(pool.see(full(1), 300)).toBe(2);
  });
});

describe("workers that are busy, and some to spare", () => {
  test("are there at once", () => {
    const pool = new Pool({ spare: 2 });
    expect(pool.see({ utilization: 0.3, used: 1, busy: 1 })).toBe(3);
    expect(pool.see({ utilization: 0.9, used: 3, busy: 3 })).toBe(5);
    expect(pool.reasons).toEqual(["1 busy and 2 to spare", "3 busy and 2 to spare"]);
  });

  test("are no more than the maximum", () => {
    const pool = new Pool({ spare: 5 });
    expect(pool.see({ utilization: 1, used: 7, busy: 7 })).toBe(8);
  });

  test("are not wanted where none is busy", () => {
    const pool = new Pool({ spare: 3 });
    expect(pool.see(IDLE)).toBe(1);
    expect(pool.reasons).toEqual([]);
  });

  test("count beside those in use when others go", () => {
    const pool = new Pool({ spare: 2 }, 8);
    expect(pool.see({ utilization: 0.2, used: 3, busy: 0 })).toBe(5);
    expect(pool.see({ utilization: 0.2, used: 3, busy: 3 })).toBe(5);
  });

  test("do not make it wait longer for a doubling", () => {
    const pool = new Pool({ spare: 1 });
    pool.see(full(1));
    expect(pool.target).toBe(2);
    pool.seeFor(290, (target) => ({ utilization: 0.9, used: target, busy: 1 }));
    expect(pool.target).toBe(2);
    expect(pool.see({ utilization: 0.9, used: 2, busy: 1 })).toBe(4);
  });
});

describe("fewer workers", () => {
  test("those that had nothing to do for long enough go, and those in use stay", () => {
    const pool = new Pool({}, 8);
    expect(pool.see({ utilization: 0.1, used: 3, busy: 1 })).toBe(3);
    expect(pool.reasons).toEqual(["5 had nothing to do for 600 s"]);
  });

  test("none goes while all are in use", () => {
    const pool = new Pool({}, 4);
    expect(new Set(pool.seeFor(3000, calm))).toEqual(new Set([4]));
  });

  test("down to none, where the minimum allows it, once none is in use", () => {
    const pool = new Pool({ min: 0 }, 4);
    expect(pool.see({ ...IDLE, used: 1 })).toBe(1);
    expect(pool.see(IDLE)).toBe(0);
    expect(pool.see(IDLE)).toBe(0);
    expect(pool.reasons).toEqual(["3 had nothing to do for 600 s", "1 had nothing to do for 600 s"]);
  });

  test("also those to spare go when none is in use", () => {
    const pool = new Pool({ min: 0, spare: 2 }, 5);
    expect(pool.see({ ...IDLE, used: 1 })).toBe(3);
    expect(pool.see(IDLE)).toBe(0);
  });

  test("where there is none, none comes by itself, whatever the utilization was", () => {
    const pool = new Pool({ min: 0 }, 0);
    expect(new Set(pool.seeFor(3000, () => ({ ...IDLE, utilization: 1 })))).toEqual(new Set([0]));
  });

  test.each([1, 2, 5])("never below the minimum of %i", (min) => {
    const pool = new Pool({ min }, 8);
    expect(pool.see(IDLE)).toBe(min);
    expect(new Set(pool.seeFor(3000, () => IDLE))).toEqual(new Set([min]));
  });

  test("a time above the threshold goes on where some go", () => {
    const pool = new Pool({}, 4);
    pool.see({ utilization: 0.9, used: 4, busy: 2 });
    expect(pool.see({ utilization: 0.9, used: 2, busy: 2 }, 150)).toBe(2);
    expect(pool.see({ utilization: 0.9, used: 2, busy: 2 }, 149)).toBe(2);
    expect(pool.see({ utilization: 0.9, used: 2, busy: 2 }, 1)).toBe(4);
  });
});

describe("whatever is seen", () => {
  const loads = [0, 0.5, 0.81, 1].flatMap((utilization) =>
    [0, 1, 3, 8, 20].flatMap((used) =>
      [0, 1, 3, 8, 20].filter((busy) => busy <= used).map((busy) => ({ utilization, used, busy })),
    ),
  );
  const policies = [0, 1, 3].flatMap((min) =>
    [1, 3, 8].filter((max) => max >= min).flatMap((max) => [0, 1, 10].map((spare) => ({ min, max, spare }))),
  );

  test.each(policies)("the target is within the bounds: %o", (changes) => {
    for (const load of loads) {
      for (let target = 0; target <= 10; target += 1) {
        for (const aboveSince of [undefined, 0, 999_999]) {
          const seen = { ...load, target, now: 1_000_000 };
          const decision = decideScaling({ ...POLICY, ...changes }, seen, { aboveSince });
          expect(decision.target).toBeGreaterThanOrEqual(changes.min);
          expect(decision.target).toBeLessThanOrEqual(changes.max);
          expect(decision.reason === undefined).toBe(decision.target === target);
        }
      }
    }
  });

  test("the rule changes nothing that it is given", () => {
    const memory = Object.freeze({ aboveSince: 5 });
    const seen = Object.freeze({ ...full(1), now: 10, target: 1 });
    expect(decideScaling(Object.freeze(POLICY), seen, memory).memory).toEqual({ aboveSince: 5 });
    expect(memory).toEqual({ aboveSince: 5 });
  });
});
