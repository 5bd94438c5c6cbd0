import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { NODE_WORKER_FILES, nodeArguments, saysHeapIsFull } from "../../src/javascript/arguments.ts";

const MEBIBYTE = 1024 * 1024;

function heapOf(memory: number | null): string | undefined {
  return nodeArguments({ memory }).find((each) => each.startsWith("--max-old-space-size"));
}

test.each([
  [1024, 960],
  [256, 192],
  [128, 64],
  [64, 32],
  [16, 16],
])("of %i MiB, old objects may take %i MiB", (memory, heap) => {
  expect(heapOf(memory * MEBIBYTE)).toBe(`--max-old-space-size=${heap}`);
});

test("without a limit Node has its own", () => {
  expect(heapOf(null)).toBeUndefined();
});

test("the last argument and what must be readable exist", () => {
  expect(nodeArguments({ memory: null }).at(-1)).toMatch(/\/javascript\/main\.ts$/);
  for (const path of [nodeArguments({ memory: null }).at(-1) ?? "", ...NODE_WORKER_FILES]) {
    expect(existsSync(path)).toBe(true);
  }
});

test.each([
  ["FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", true],
  ["FATAL ERROR: Zone Allocation failed - process out of memory", true],
  ["FATAL ERROR: v8::ToLocalChecked Empty MaybeLocal", false],
  ["the JavaScript heap is out of memory", false],
])("the heap is full: %s", (line, isFull) => {
  expect(saysHeapIsFull(line)).toBe(isFull);
});
