import { describe, expect, test } from "vitest";
import { Window } from "../../src/dispatcher/window.ts";

/** Send as many calls as there is room for, 10,000 at most. */
function fill(window: Window, bytes = 100): number {
  let sent = 0;
  for (; window.hasRoom && sent < 10_000; sent += 1) window.sent(bytes, false);
  return sent;
}

/** A window that has learnt how long calls take. */
function windowAfter(...seconds: readonly number[]): Window {
  const window = new Window();
  for (const each of seconds) {
    window.sent(100, false);
    window.answered(100, each);
  }
  return window;
}

describe("how many calls may be under way", () => {
  test("one, until it is known how long they take", () => {
    const window = new Window();
    expect(fill(window)).toBe(1);
  });

  test.each([
    [0.000_05, 100],
    [0.000_1, 50],
    [0.001, 5],
    [0.002, 2],
    [0.002_6, 1],
    [0.005, 1],
    [1, 1],
    [30, 1],
  ])("where calls take %f s: %i, five milliseconds' worth", (seconds, calls) => {
    expect(fill(windowAfter(seconds))).toBe(calls);
  });

  test.each([0, 1e-9, 1e-6])("256 at most, where calls take %f s", (seconds) => {
    expect(fill(windowAfter(seconds))).toBe(256);
  });

  test("one more for each that is answered", () => {
    const window = windowAfter(0.000_1);
    expect(fill(window)).toBe(50);
    for (let count = 0; count < 3; count += 1) window.answered(100, 0.000_1);
    expect(fill(window)).toBe(3);
  });

  test("as many as before when all are answered", () => {
    const window = windowAfter(0.000_1);
    for (let round = 0; round < 3; round += 1) {
      expect(fill(window)).toBe(50);
      for (let count = 0; count < 50; count += 1) window.answered(100, 0.000_1);
    }
  });

  test("one, soon after calls have become slow", () => {
    expect(fill(windowAfter(...Array<number>(20).fill(0.000_02), 1))).toBe(1);
  });

  test("more bit by bit after calls have become quick", () => {
    const window = windowAfter(0.01);
    const counts: number[] = [];
    for (let round = 0; round < 60; round += 1) {
      const sent = fill(window);
      counts.push(sent);
      for (let count = 0; count < sent; count += 1) window.answered(100, 0.000_02);
    }
    expect(counts[0]).toBe(1);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts.at(-1)).toBeGreaterThan(225);
  });
});

describe("how many bytes may be under way", () => {
  test("one call more than fits into 4 MiB, and the next when there is room again", () => {
    const window = windowAfter(0.000_01);
    const mebibyte = 1024 ** 2;
    expect(fill(window, mebibyte)).toBe(4);
    window.answered(mebibyte, 0.000_01);
    expect(fill(window, mebibyte)).toBe(1);
  });

  test("an event that is larger goes alone", () => {
    const window = windowAfter(0.000_01);
    expect(fill(window, 50 * 1024 ** 2)).toBe(1);
    window.answered(50 * 1024 ** 2, 0.000_01);
    expect(window.hasRoom).toBe(true);
  });
});

test("nothing is sent beside a call that must be alone, until it is known that it may be over", () => {
  const window = windowAfter(0.000_1);
  window.sent(100, true);
  expect(window.hasRoom).toBe(false);
  window.answered(100, 0.000_1);
  expect(window.hasRoom).toBe(false);
  window.open();
  expect(fill(window)).toBe(50);
});
