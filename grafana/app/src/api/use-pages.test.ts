import { refreshed } from "./use-pages";

const keyOf = (item: string): string => item.slice(0, 1);

test("what is new stands before what is known, which stays with what follows it", () => {
  const known = { items: ["c-running", "b", "a"], next: "after-a" };
  expect(refreshed(known, { items: ["d", "c-done"], next: "after-c" }, keyOf)).toEqual({
    items: ["d", "c-done", "b", "a"],
    next: "after-a",
  });
});

test("where more came than a page holds the list begins again, so that nothing is left out", () => {
  const first = { items: ["z", "y"], next: "after-y" };
  expect(refreshed({ items: ["b", "a"], next: null }, first, keyOf)).toBe(first);
});

test("a first page that has all that is known says what there is", () => {
  const first = { items: ["d", "c", "b"], next: "after-b" };
  expect(refreshed({ items: ["d", "c"], next: null }, first, keyOf)).toBe(first);
});
