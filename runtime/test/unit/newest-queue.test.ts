import { describe, expect, test } from "vitest";
import type { FunctionEvent } from "../../src/dispatcher/event.ts";
import { NewestQueue } from "../../src/dispatcher/newest-queue.ts";

function event(source: string, body: string, shard = ""): FunctionEvent {
  return { source, shard, body: Buffer.from(body), position: body, inputKey: null, receivedAt: 0 };
}

function takeAll(queue: NewestQueue): string[] {
  const bodies: string[] = [];
  for (let next = queue.take(); next !== undefined; next = queue.take()) bodies.push(next.body.toString());
  return bodies;
}

describe("the queue of a function", () => {
  test("is empty at first", () => {
    const queue = new NewestQueue();
    expect(queue.size).toBe(0);
    expect(queue.take()).toBeUndefined();
  });

  test("gives out first what came first", () => {
    const queue = new NewestQueue();
    for (const source of ["c", "a", "b"]) queue.put(event(source, source));
    expect(queue.size).toBe(3);
    expect(takeAll(queue)).toEqual(["c", "a", "b"]);
    expect(queue.size).toBe(0);
  });

  test("keeps of each source the newest, in the place of the one it overtakes", () => {
    const queue = new NewestQueue();
    queue.put(event("a", "a1"));
    queue.put(event("b", "b1"));
    queue.put(event("a", "a2"));
    queue.put(event("a", "a3"));
    expect(queue.size).toBe(2);
    expect(takeAll(queue)).toEqual(["a3", "b1"]);
  });

  test("lets a source wait in line again after its event was taken", () => {
    const queue = new NewestQueue();
    queue.put(event("a", "a1"));
    queue.put(event("b", "b1"));
    expect(queue.take()?.position).toBe("a1");
    queue.put(event("a", "a2"));
    expect(takeAll(queue)).toEqual(["b1", "a2"]);
  });

  test("keeps the shards of a source apart", () => {
    const queue = new NewestQueue();
    queue.put(event("a", "1", "one"));
    queue.put(event("a", "2", "two"));
    queue.put(event("a", "3", "one"));
    expect(takeAll(queue)).toEqual(["3", "2"]);
  });

  test("is not deceived by sources and shards that look alike when put together", () => {
    const queue = new NewestQueue();
    queue.put(event("b", "1", "a"));
    queue.put(event("ab", "2", ""));
    queue.put(event("", "3", "ab"));
    expect(takeAll(queue)).toEqual(["1", "2", "3"]);
  });

  test("holds no more than one event a source, however many come", () => {
    const queue = new NewestQueue();
    for (let index = 0; index < 100_000; index += 1) queue.put(event(`s${index % 7}`, String(index)));
    expect(queue.size).toBe(7);
  });
});
