import { describe, expect, test } from "vitest";
import { DATABASES } from "./test-database.ts";
import { type ApiUnderTest, useApi } from "./use-api.ts";

describe.each(DATABASES)("users on %s", (kind) => {
  const api = useApi(kind);

  /** A token of a new user with a role. */
  async function newUser({ ask }: ApiUnderTest, name: string, role: string): Promise<string> {
    expect((await ask("POST", "/users", { name, role })).status).toBe(201);
    const made = await ask("POST", "/tokens", { name: "test", user: name });
    expect(made.status).toBe(201);
    return made.body.token;
  }

  test("are made, listed in pages, given a role, deleted and brought back", async () => {
    const { ask } = await api.start();
    const made = await ask("POST", "/users", { name: "jürgen@example.com", role: "viewer" });
    expect(made).toMatchObject({
      status: 201,
      body: { name: "jürgen@example.com", role: "viewer", origin: "api", deletedAt: null },
    });
    for (const name of ["b", "c", "d"]) await ask("POST", "/users", { name, role: "editor" });
    const path = `/users/${encodeURIComponent("jürgen@example.com")}`;
    expect((await ask("PATCH", path, { role: "editor" })).body.role).toBe("editor");
    expect((await ask("GET", path)).body).toEqual({ ...made.body, role: "editor" });

    const first = await ask("GET", "/users?limit=3");
    const second = await ask("GET", `/users?limit=3&after=${first.body.next}`);
    const names = [...first.body.items, ...second.body.items].map(({ name }: { name: string }) => name);
    expect([first.body.items.length, second.body.next]).toEqual([3, null]);
    expect(names.toSorted()).toEqual(["admin", "b", "c", "d", "jürgen@example.com"]);

    expect((await ask("DELETE", "/users/b")).status).toBe(204);
    expect((await ask("DELETE", "/users/b")).status).toBe(404);
    expect((await ask("PATCH", "/users/b", { role: "admin" })).status).toBe(404);
    const all = async (query: string) => (await ask("GET", `/users${query}`)).body.items.length;
    expect([await all(""), await all("?deleted=true")]).toEqual([4, 5]);
    expect((await ask("POST", "/users", { name: "b", role: "viewer" })).body.detail).toMatch(/restore it/);
    expect((await ask("POST", "/users/b/restore")).body).toMatchObject({ name: "b", deletedAt: null });
    expect((await ask("POST", "/users/b/restore")).status).toBe(409);
  });

  test("whose names or roles are none are refused, and so are names that are taken", async () => {
    const { ask } = await api.start();
    const names = [
      "",
      " a",
      "a ",
      "a/b",
      "..",
      "a\nb",
      "a\0b",
      "a\u202eb",
      "\ud800",
      "x".repeat(191),
      1,
      null,
    ];
    for (const name of names) {
      const { status, body } = await ask("POST", "/users", { name, role: "viewer" });
      expect([name, status, body.type]).toEqual([name, 400, "/problems/invalid-request"]);
    }
    for (const wrong of [{ role: "root" }, { role: "viewer", extra: 1 }, {}]) {
      expect((await ask("POST", "/users", { name: "a", ...wrong })).status).toBe(400);
    }
    expect((await ask("POST", "/users", { name: "admin", role: "viewer" })).status).toBe(409);
    expect((await ask("GET", "/users/nobody")).status).toBe(404);
    expect((await ask("GET", "/users?limit=0")).status).toBe(400);
    expect((await ask("GET", "/users?after=nonsense")).body.detail).toMatch(/^query: after: /);
  });

  test("the last administrator stays, also where two remove each other at once", async () => {
    const started = await api.start();
    const { ask, token } = started;
    for (const change of [ask("DELETE", "/users/admin"), ask("PATCH", "/users/admin", { role: "viewer" })]) {
      expect((await change).body.detail).toBe("admin is the last administrator; make another one first");
    }
    const other = await newUser(started, "other", "admin");
    const both = await Promise.all([
      ask("DELETE", "/users/admin", undefined, other),
      ask("DELETE", "/users/other", undefined, token),
    ]);
    expect(both.filter(({ status }) => status === 204)).toHaveLength(1);
  });

  test("a deleted user's token is nobody's at once, and counts again when the user is back", async () => {
    const started = await api.start();
    const token = await newUser(started, "ann", "editor");
    const me = () => started.ask("GET", "/me", undefined, token);
    expect((await me()).body).toEqual({ user: "ann", role: "editor", by: "token" });
    await started.ask("PATCH", "/users/ann", { role: "viewer" });
    expect((await me()).body.role).toBe("viewer");
    await started.ask("DELETE", "/users/ann");
    expect((await me()).status).toBe(401);
    await started.ask("POST", "/users/ann/restore");
    expect((await me()).status).toBe(200);
  });

  test("tokens are told once, listed without, revoked, and end", async () => {
    const started = await api.start();
    const { ask } = started;
    const ann = await newUser(started, "ann", "viewer");
    const bob = await newUser(started, "bob", "viewer");
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    const made = await ask("POST", "/tokens", { name: "laptop", expiresAt }, ann);
    expect(made.status).toBe(201);
    expect(made.body.token).toMatch(/^gaugelet_[\w-]{43}$/);
    expect(made.body).toMatchObject({ user: "ann", name: "laptop", expiresAt, lastUsedAt: null });
    await ask("GET", "/me", undefined, made.body.token);

    const list = await ask("GET", "/tokens", undefined, ann);
    expect(list.body.items.map(({ name }: { name: string }) => name)).toEqual(["test", "laptop"]);
    expect(JSON.stringify(list.body)).not.toContain(made.body.token);
    const page = await ask("GET", "/tokens?limit=1", undefined, ann);
    const next = await ask("GET", `/tokens?limit=1&after=${page.body.next}`, undefined, ann);
    expect(next.body).toMatchObject({ items: [{ name: "laptop" }], next: null });

    expect((await ask("DELETE", `/tokens/${made.body.id}`, undefined, bob)).status).toBe(404);
    expect((await ask("GET", "/tokens?user=ann", undefined, bob)).status).toBe(403);
    expect((await ask("POST", "/tokens", { name: "x", user: "ann" }, bob)).status).toBe(403);
    expect((await ask("GET", "/tokens?user=ann")).body.items).toHaveLength(2);
    expect((await ask("DELETE", `/tokens/${made.body.id}`, undefined, ann)).status).toBe(204);
    expect((await ask("GET", "/me", undefined, made.body.token)).status).toBe(401);
    expect((await ask("DELETE", `/tokens/${made.body.id}`)).status).toBe(404);
    expect((await ask("DELETE", "/tokens/1")).status).toBe(400);

    const past = new Date(Date.now() - 1).toISOString();
    expect((await ask("POST", "/tokens", { name: "x", expiresAt: past })).status).toBe(400);
    expect((await ask("POST", "/tokens", { name: "x", user: "nobody" })).status).toBe(404);
  });
});
