import { setImmediate as immediate } from "node:timers/promises";
import { garbageCollector } from "@gaugelet/testing/garbage";
import { describe, expect, test } from "vitest";
import { Delivery } from "../../src/dispatcher/delivery.ts";
import { DeliveryQueue } from "../../src/dispatcher/delivery-queue.ts";

interface Changes {
  readonly isSuperseded?: boolean;
  readonly isWaitedFor?: boolean;
}

/** One whose newer event of the same source makes it useless, unless said otherwise. */
function delivery(
  source: string,
  body: string,
  { isSuperseded = true, isWaitedFor }: Changes = {},
): Delivery {
  const event = {
    source,
    shard: "",
    body: Buffer.from(body),
    position: body,
    context: {},
    isSuperseded,
    receivedAt: 0,
  };
  return isWaitedFor === true ? new Delivery(event, () => {}) : new Delivery(event);
}

const KEPT: Changes = { isSuperseded: false };

function bodies(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ body }) => body.toString());
}

/** Take all that can be taken, each over before the next. */
function takeAll(queue: DeliveryQueue): string[] {
  const taken: Delivery[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) {
    taken.push(next);
    queue.done(next);
  }
  return bodies(taken);
}

describe("the queue of a shard", () => {
  test("takes what comes once it was cleared, whatever is under way", () => {
    const queue = new DeliveryQueue();
    queue.put(delivery("a", "1"));
    queue.take();
    queue.put(delivery("a", "2"));
    expect(bodies(queue.clear())).toEqual(["2"]);
    queue.put(delivery("a", "3"));
    expect(takeAll(queue)).toEqual(["3"]);
  });

  test("is empty at first", () => {
    const queue = new DeliveryQueue();
    expect(queue.size).toBe(0);
    expect(queue.peek()).toBeUndefined();
    expect(queue.take()).toBeUndefined();
    expect(queue.clear()).toEqual([]);
  });

  test("gives out first what came first", () => {
    const queue = new DeliveryQueue();
    for (const source of ["c", "a", "b"]) queue.put(delivery(source, source));
    expect(queue.size).toBe(3);
    expect(queue.peek()?.event.source).toBe("c");
    expect(queue.size).toBe(3);
    expect(takeAll(queue)).toEqual(["c", "a", "b"]);
    expect(queue.size).toBe(0);
  });

  test("keeps its order however many come and go", () => {
    const queue = new DeliveryQueue();
    const taken: string[] = [];
    let put = 0;
    for (let round = 0; round < 100; round += 1) {
      for (let count = 0; count < 70; count += 1) queue.put(delivery("a", String(put++), KEPT));
      for (let count = 0; count < 50; count += 1) taken.push(queue.take()?.body.toString() ?? "");
    }
    expect(queue.size).toBe(2000);
    taken.push(...takeAll(queue));
    expect(taken).toEqual(Array.from({ length: 7000 }, (_, index) => String(index)));
  });

  test("does not hold on to what was taken while others wait", async () => {
    const queue = new DeliveryQueue();
    const collectGarbage = garbageCollector();
    for (let count = 0; count < 100; count += 1) queue.put(delivery("a", String(count), KEPT));
    const taken = Array.from({ length: 50 }, () => new WeakRef(queue.take() as Delivery));
    // What a WeakRef was just made of stays until the turn of the event loop is over.
    await immediate();
    collectGarbage();
    expect(taken.filter((each) => each.deref() !== undefined)).toEqual([]);
    expect(queue.size).toBe(50);
  });

  test("gives everything out when it is cleared, also what is held back, and is empty then", () => {
    const queue = new DeliveryQueue();
    queue.put(delivery("a", "a1"));
    queue.take();
    for (const body of ["a2", "b1", "c1"]) queue.put(delivery(body.charAt(0), body));
    expect(bodies(queue.clear()).sort()).toEqual(["a2", "b1", "c1"]);
    expect(queue.size).toBe(0);
    queue.put(delivery("b", "b2"));
    expect(takeAll(queue)).toEqual(["b2"]);
  });
});

describe("of a source whose newer events make older ones useless", () => {
  test("the newest waits, in the place of the one it overtakes", () => {
    const queue = new DeliveryQueue();
    for (const body of ["a1", "b1", "a2", "a3"]) queue.put(delivery(body.charAt(0), body));
    expect(queue.size).toBe(2);
    expect(takeAll(queue)).toEqual(["a3", "b1"]);
  });

  test("the newest waits in line again after one was taken and is over", () => {
    const queue = new DeliveryQueue();
    queue.put(delivery("a", "a1"));
    queue.put(delivery("b", "b1"));
    const first = queue.take() as Delivery;
    expect(first.event.position).toBe("a1");
    queue.done(first);
    queue.put(delivery("a", "a2"));
    expect(takeAll(queue)).toEqual(["b1", "a2"]);
  });

  test("none is given out while one is under way, and then the newest", () => {
    const queue = new DeliveryQueue();
    queue.put(delivery("a", "a1"));
    const first = queue.take() as Delivery;
    for (const body of ["a2", "a3", "a4"]) queue.put(delivery("a", body));
    expect(queue.size).toBe(0);
    expect(queue.take()).toBeUndefined();
    queue.put(delivery("b", "b1"));
    expect(queue.size).toBe(1);
    queue.done(first);
    expect(queue.size).toBe(2);
    expect(takeAll(queue)).toEqual(["b1", "a4"]);
  });

  test("no more than one waits, however many come", () => {
    const queue = new DeliveryQueue();
    for (let index = 0; index < 100_000; index += 1) queue.put(delivery(`s${index % 7}`, String(index)));
    expect(queue.size).toBe(7);
    expect(takeAll(queue)).toEqual(
      ["99995", "99996", "99997", "99998", "99999", "99993", "99994"].sort(bySource),
    );
  });

  test("one that was under way goes first again, then the newest", () => {
    const queue = new DeliveryQueue();
    queue.put(delivery("a", "a1"));
    const first = queue.take() as Delivery;
    queue.put(delivery("a", "a2"));
    queue.put(delivery("b", "b1"));
    queue.putBack([first]);
    queue.put(delivery("a", "a3"));
    expect(queue.size).toBe(2);
    expect(takeAll(queue)).toEqual(["a1", "b1", "a3"]);
  });

  test("one that was over and runs again leaves a newer one that waits where it is", () => {
    const queue = new DeliveryQueue();
    queue.put(delivery("a", "a1"));
    const first = queue.take() as Delivery;
    queue.done(first);
    queue.put(delivery("a", "a2"));
    queue.putBack([first]);
    expect(queue.take()).toBe(first);
    queue.done(first);
    queue.put(delivery("a", "a3"));
    expect(takeAll(queue)).toEqual(["a3"]);
  });
});

/** The order in which the sources s0 to s6 came. */
function bySource(a: string, b: string): number {
  return (Number(a) % 7) - (Number(b) % 7);
}

describe("events that all count", () => {
  test("all wait, also of one source", () => {
    const queue = new DeliveryQueue();
    for (const body of ["a1", "a2", "a3"]) queue.put(delivery("a", body, KEPT));
    expect(queue.size).toBe(3);
    expect(takeAll(queue)).toEqual(["a1", "a2", "a3"]);
  });

  test("are given out while others of their source are under way", () => {
    const queue = new DeliveryQueue();
    for (const body of ["a1", "a2"]) queue.put(delivery("a", body, KEPT));
    queue.take();
    queue.put(delivery("a", "a3", KEPT));
    expect(bodies([queue.take() as Delivery, queue.take() as Delivery])).toEqual(["a2", "a3"]);
  });

  test("go in front again in their order when they were under way", () => {
    const queue = new DeliveryQueue();
    for (const body of ["a1", "b1", "a2", "c1"]) queue.put(delivery(body.charAt(0), body, KEPT));
    const underWay = [queue.take() as Delivery, queue.take() as Delivery];
    queue.put(delivery("d", "d1", KEPT));
    queue.putBack(underWay);
    expect(queue.size).toBe(5);
    expect(takeAll(queue)).toEqual(["a1", "b1", "a2", "c1", "d1"]);
  });

  test("are taken out where somebody waits for their answer, and only those", () => {
    const queue = new DeliveryQueue();
    queue.put(delivery("http", "taken before", { ...KEPT, isWaitedFor: true }));
    queue.take();
    queue.put(delivery("http", "h1", { ...KEPT, isWaitedFor: true }));
    queue.put(delivery("a", "a1"));
    queue.put(delivery("http", "h2", { ...KEPT, isWaitedFor: true }));
    queue.put(delivery("b", "b1", KEPT));
    expect(bodies(queue.takeWaited())).toEqual(["h1", "h2"]);
    expect(queue.size).toBe(2);
    queue.put(delivery("a", "a2"));
    expect(takeAll(queue)).toEqual(["a2", "b1"]);
  });
});
