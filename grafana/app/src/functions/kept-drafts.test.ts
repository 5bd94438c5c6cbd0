import { act, renderHook } from "@testing-library/react";
import { useKeptDraft } from "./kept-drafts";

const changed = { version: 3, draft: { name: "a", manifest: {}, files: { "a.py": "b = 2" } } };

function isAskedOnLeaving(): boolean {
  const event = new Event("beforeunload", { cancelable: true });
  window.dispatchEvent(event);
  return event.defaultPrevented;
}

test("changes are there again on coming back, those of their function alone, until they are dropped", () => {
  const first = renderHook(() => useKeptDraft("a"));
  expect(first.result.current[0]).toBeUndefined();
  act(() => first.result.current[1](changed));
  expect(first.result.current[0]).toBe(changed);
  first.unmount();

  const second = renderHook(() => useKeptDraft("a"));
  expect(second.result.current[0]).toBe(changed);
  expect(renderHook(() => useKeptDraft("b")).result.current[0]).toBeUndefined();
  act(() => second.result.current[1](undefined));
  expect(second.result.current[0]).toBeUndefined();
  expect(renderHook(() => useKeptDraft("a")).result.current[0]).toBeUndefined();
});

test("the browser asks before it leaves the page as long as there are changes, also where they are not shown", () => {
  const { result, unmount } = renderHook(() => useKeptDraft("a"));
  expect(isAskedOnLeaving()).toBe(false);
  act(() => result.current[1](changed));
  expect(isAskedOnLeaving()).toBe(true);
  unmount();
  expect(isAskedOnLeaving()).toBe(true);
  act(() => result.current[1](undefined));
  expect(isAskedOnLeaving()).toBe(false);
});
