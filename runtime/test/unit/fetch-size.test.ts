import { expect, test } from "vitest";
import { FetchSize } from "../../src/topics/kafka/fetch-size.ts";

const FEWEST = 64 * 1024;
const MOST = 1024 ** 2;

/** A size after so many answers, each with events of so many bytes. */
function sizeAfter(answers: number, bytesOfOne: number, size = new FetchSize()): FetchSize {
  for (let count = 0; count < answers; count += 1) size.saw(100, 100 * bytesOfOne);
  return size;
}

test("little is asked for until it is known how large events are", () => {
  expect(new FetchSize().bytes).toBe(FEWEST);
});

test.each([
  [20, FEWEST],
  [200, 200_000],
  [2_000, MOST],
  [500_000, MOST],
])("where an event takes %i bytes, some 1,000 of them are asked for within bounds", (bytesOfOne, bytes) => {
  expect(sizeAfter(10, bytesOfOne).bytes).toBe(bytes);
});

test("twice as much at most as before, and less at once", () => {
  const size = sizeAfter(1, 2_000);
  expect(size.bytes).toBe(2 * FEWEST);
  expect(sizeAfter(1, 20, size).bytes).toBe(FEWEST);
});

test("nothing that came says nothing of how large events are", () => {
  const size = sizeAfter(10, 2_000);
  size.saw(0, 0);
  expect(size.bytes).toBe(MOST);
});

test("a batch that does not fit is asked for with more and more room, up to the bound", () => {
  const size = new FetchSize();
  size.sawTooLittle();
  expect(size.bytes).toBe(2 * FEWEST);
  for (let count = 0; count < 10; count += 1) size.sawTooLittle();
  expect(size.bytes).toBe(MOST);
});
