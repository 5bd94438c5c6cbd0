import { waitFor } from "@gaugelet/testing/wait";
import pg from "pg";
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

  // The embedded one is nobody else's to cancel.
  test.skipIf(kind === "embedded")("what the database gives up is a problem that says so", async () => {
    const { ask, database } = await api.start();
    const clients = [new pg.Client(database), new pg.Client(database)] as const;
    const [locking, looking] = clients;
    try {
      await Promise.all(clients.map((client) => client.connect()));
      await locking.query("begin; lock table audit_log");
      const asked = ask("GET", "/audit");
      await waitFor("the query to wait, and to be cancelled", async () => {
        const { rows } = await looking.query(
          "select pg_cancel_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
        );
        return rows.length > 0;
      });
      const { status, headers, body } = await asked;
      expect([status, headers.get("retry-after"), body.type]).toEqual([503, "5", "/problems/unavailable"]);
      expect(body.detail).toMatch(
        /^the database gave up \(canceling statement due to user request: .*statement_timeout of .*\); try again, or ask/,
      );
    } finally {
      await Promise.all(clients.map((client) => client.end()));
    }
  });
});
