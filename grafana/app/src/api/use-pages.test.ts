import { act, renderHook, waitFor } from "@testing-library/react";
import { of, throwError } from "rxjs";
import { refreshed, usePages } from "./use-pages";

const fetch = jest.fn();
jest.mock("@grafana/runtime", () => ({
  getBackendSrv: () => ({ fetch }),
  config: { bootData: { user: { orgRole: "Editor", isSignedIn: true, login: "ada" } } },
}));

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

test("after a page that could not be had, a table whose end is seen asks for nothing until it begins again", async () => {
  const asked: (string | undefined)[] = [];
  fetch.mockImplementation(({ url }: { url: string }) => {
    const after = new URL(url, "http://grafana").searchParams.get("after") ?? undefined;
    asked.push(after);
    return after === undefined
      ? of({ data: { items: ["b"], next: "b" } })
      : throwError(() => ({ status: 502, data: {} }));
  });
  const { result } = renderHook(() => usePages<string>("/runs"));
  await waitFor(() => expect(result.current.items).toEqual(["b"]));
  act(() => result.current.more());
  await waitFor(() => expect(result.current.error?.status).toBe(502));
  act(() => result.current.more());
  expect(result.current.items).toEqual(["b"]);
  expect(asked).toEqual([undefined, "b"]);
  act(() => result.current.reload());
  await waitFor(() => expect(asked).toEqual([undefined, "b", undefined]));
});
