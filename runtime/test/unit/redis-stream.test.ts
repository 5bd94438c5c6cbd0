import { expect, test } from "vitest";
import { BatchSize } from "../../src/topics/redis-stream/batch-size.ts";
import { eventOf } from "../../src/topics/redis-stream/entries.ts";
import { compareIds, idAfter } from "../../src/topics/redis-stream/ids.ts";
import { publishChunks } from "../../src/topics/redis-stream/publish-chunks.ts";
import { ReadTurns } from "../../src/topics/redis-stream/read-turns.ts";

test("ids are compared as numbers, however large", () => {
  const inOrder = ["0-0", "0-1", "9-0", "10-0", "10-9", "10-10", "1795652035598-2", "18446744073709551615-1"];
  for (const [at, id] of inOrder.entries()) {
    for (const [other, another] of inOrder.entries()) {
      expect(Math.sign(compareIds(id, another))).toBe(Math.sign(at - other));
    }
  }
  expect(idAfter("5-18446744073709551614")).toBe("5-18446744073709551615");
});

test("as many events are read as make half a megabyte", () => {
  const size = new BatchSize();
  expect(size.count).toBe(64);
  size.saw(64, 64 * 100);
  expect(size.count).toBe(128);
  for (let round = 0; round < 5; round += 1) size.saw(size.count, size.count * 100);
  expect(size.count).toBe(256);
  size.saw(256, 256 * 8_192);
  expect(size.count).toBe(64);
  size.saw(1, 1_000_000);
  expect(size.count).toBe(1);
  for (let round = 0; round < 50; round += 1) size.saw(size.count, size.count * 100);
  expect(size.count).toBe(256);
  size.saw(0, 0);
  size.saw(1, 0);
  expect(size.count).toBe(256);
});

test("headers that are none are left out", () => {
  for (const headers of ["", "null", "[]", "[1]", "1", '"text"', "{"]) {
    const fields = ["event", "1", "headers", headers].map((text) => Buffer.from(text));
    expect(eventOf([Buffer.from("7-1"), fields])).toEqual({
      body: Buffer.from("1"),
      key: null,
      headers: {},
      position: "7-1",
      timestamp: 7,
    });
  }
});

test("what is published is split into parts that Redis does not take long over", () => {
  const events = (count: number, bytes: number) =>
    Array.from({ length: count }, () => ({ body: Buffer.alloc(bytes), key: null, headers: {} }));
  const sizes = (count: number, bytes: number) =>
    [...publishChunks(events(count, bytes))].map((chunk) => chunk.length / 2);
  expect(sizes(0, 1)).toEqual([]);
  expect(sizes(1, 5_000_000)).toEqual([1]);
  expect(sizes(1_001, 10)).toEqual([500, 500, 1]);
  expect(sizes(3, 700_000)).toEqual([1, 1, 1]);
});

test("who asked first is read first, a few at a time, and who asks again comes last", async () => {
  const turns = new ReadTurns();
  const order: string[] = [];
  let [underWay, most] = [0, 0];
  const topic = (name: string, times: number) => {
    let left = times;
    const self = {
      async read() {
        order.push(name);
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise((resolve) => setImmediate(resolve));
        underWay -= 1;
        left -= 1;
        if (left > 0) turns.ask(self);
      },
    };
    return self;
  };
  const deep = topic("deep", 10);
  const quick = ["a", "b", "c", "d", "e", "f"].map((name) => topic(name, 1));
  turns.ask(deep);
  for (const each of quick) turns.ask(each);
  while (order.length < 16) await new Promise((resolve) => setImmediate(resolve));
  expect(most).toBe(4);
  expect(order.slice(0, 4)).toEqual(["deep", "a", "b", "c"]);
  expect(order.indexOf("f")).toBeLessThan(10);
  expect(order.filter((name) => name === "deep")).toHaveLength(10);
});
