import { of, throwError } from "rxjs";
import { ask, askAhead, proxied } from "./client";

const fetch = jest.fn();
jest.mock("@grafana/runtime", () => ({
  getBackendSrv: () => ({ fetch }),
  config: {
    bootData: { user: { orgRole: "Editor", isGrafanaAdmin: false, isSignedIn: true, login: "ada" } },
  },
}));

beforeEach(() => fetch.mockReset());

test("requests take the route of whoever looks, and leave out what is empty", () => {
  expect(proxied("/runs", { query: { function: "a b", owner: "", limit: 5, after: undefined } })).toBe(
    "/api/plugin-proxy/gaugelet-functions-app/editor/runs?function=a+b&limit=5",
  );
});

test("the answer is what the API answers", async () => {
  fetch.mockReturnValue(of({ data: { items: [] } }));
  expect(await ask("POST", "/functions", { body: { name: "a" } })).toEqual({ items: [] });
  expect(fetch).toHaveBeenCalledWith(expect.objectContaining({ method: "POST", data: { name: "a" } }));
});

test("a problem of the API is told with its code and members", async () => {
  const data = {
    type: "/problems/conflict",
    title: "In the way",
    status: 409,
    detail: "a is there",
    version: 3,
  };
  fetch.mockReturnValue(throwError(() => ({ status: 409, data })));
  await expect(ask("POST", "/functions")).rejects.toMatchObject({
    status: 409,
    code: "conflict",
    message: "a is there",
    members: { version: 3 },
  });
});

test("a runtime that cannot be reached is told as that", async () => {
  fetch.mockReturnValue(throwError(() => ({ status: 502, data: {} })));
  await expect(ask("GET", "/me")).rejects.toMatchObject({
    status: 502,
    message: expect.stringContaining("cannot reach"),
  });
});

test.each([401, 403])("who is signed out meanwhile is told so: %d", async (status) => {
  const data = { response: '{"message":"plugin proxy route access denied"}' };
  fetch.mockReturnValue(throwError(() => ({ status, data })));
  await expect(ask("GET", "/me")).rejects.toMatchObject({
    status,
    message: expect.stringContaining("Sign in again in another tab"),
  });
});

test("what the API does not allow is told as it says it", async () => {
  const data = { type: "/problems/forbidden", title: "No", status: 403, detail: "a belongs to ada" };
  fetch.mockReturnValue(throwError(() => ({ status: 403, data })));
  await expect(ask("GET", "/me")).rejects.toMatchObject({ code: "forbidden", message: "a belongs to ada" });
});

test("who stops listening hears nothing more", async () => {
  const { NEVER } = await import("rxjs");
  fetch.mockReturnValue(NEVER);
  const stopping = new AbortController();
  const asking = ask("GET", "/me", { signal: stopping.signal });
  stopping.abort();
  await expect(asking).rejects.toThrow();
});

test("what was asked for ahead is the answer of the first who asks for it", async () => {
  fetch.mockReturnValueOnce(of({ data: '{"n":1}' })).mockReturnValueOnce(of({ data: '{"n":2}' }));
  askAhead("/functions", { query: { limit: 5 } });
  expect(fetch).toHaveBeenCalledTimes(1);
  expect(await ask("GET", "/functions", { query: { limit: 5, text: "" } })).toEqual({ n: 1 });
  expect(fetch).toHaveBeenCalledTimes(1);
  expect(await ask("GET", "/functions", { query: { limit: 5 } })).toEqual({ n: 2 });
});
