import { describe, expect, test } from "vitest";
import { DATABASES } from "./test-database.ts";
import { useApi } from "./use-api.ts";

describe.each(DATABASES)("on %s", (kind) => {
  const api = useApi(kind);

  test("the first token is an administrator's, and no other is anybody's", async () => {
    const { ask } = await api.start();
    expect((await ask("GET", "/me")).body).toEqual({
      user: "admin",
      role: "admin",
      by: "token",
    });
    const nobody = await ask("GET", "/me", undefined, null);
    expect(nobody.status).toBe(401);
    expect(nobody.body).toMatchObject({ type: "/problems/unauthenticated", status: 401 });
    expect((await ask("GET", "/me", undefined, "gaugelet_guessed")).status).toBe(401);
  });

  test("what is not there, or is asked in another way, is a problem that says so", async () => {
    const { ask } = await api.start();
    expect((await ask("GET", "/nothing")).body).toMatchObject({ type: "/problems/not-found", status: 404 });
    const wrong = await ask("POST", "/me", {});
    expect(wrong.body).toMatchObject({ type: "/problems/method-not-allowed", status: 405 });
    expect(wrong.headers.get("allow")).toBe("GET");
  });
});
