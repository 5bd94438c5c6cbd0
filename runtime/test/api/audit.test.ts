import { sql } from "drizzle-orm";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { recordAudit } from "../../src/access/audit.ts";
import { listAudit } from "../../src/access/audit-list.ts";
import { openDatabase } from "../../src/database/database.ts";
import { DATABASES } from "./test-database.ts";
import { useApi } from "./use-api.ts";

describe.each(DATABASES)("the audit log on %s", (kind) => {
  const api = useApi(kind);

  test("has each change with who and when, filtered and in pages", async () => {
    const { ask } = await api.start();
    const from = new Date(Date.now() - 60_000).toISOString();
    for (const name of ["a", "b", "c"]) await ask("POST", "/users", { name, role: "viewer" });
    await ask("DELETE", "/users/b");
    // What was refused changed nothing.
    await ask("POST", "/users", { name: "a", role: "viewer" });
    const all = await ask("GET", "/audit");
    expect(all.body.items.map(({ action, target }: Record<string, string>) => `${action} ${target}`)).toEqual(
      ["user.delete b", "user.create c", "user.create b", "user.create a"],
    );
    expect(all.body.items[3]).toMatchObject({
      user: "admin",
      details: { role: "viewer" },
      address: "127.0.0.1",
    });
    const count = async (query: string) => (await ask("GET", `/audit?${query}`)).body.items.length;
    expect(await count("target=b")).toBe(2);
    expect(await count("action=user.delete&user=admin")).toBe(1);
    expect(await count("user=nobody")).toBe(0);
    expect([await count(`from=${from}`), await count(`to=${from}`)]).toEqual([4, 0]);
    const first = await ask("GET", "/audit?limit=3");
    const second = await ask("GET", `/audit?limit=3&after=${first.body.next}`);
    expect([...first.body.items, ...second.body.items]).toEqual(all.body.items);
    expect(second.body.next).toBeNull();
    expect((await ask("GET", "/audit?from=yesterday")).status).toBe(400);
  });

  test("cannot be written into by what users send, nor can the server's log", async () => {
    const { ask, log } = await api.start({ GAUGELET_LOG_LEVEL: "trace" });
    const forged = 'x\n{"level":"info","msg":"forged"}\r\n';
    const name = "'); drop table audit_log; -- \u0085";
    expect((await ask("POST", "/tokens", { name: forged })).status).toBe(400);
    expect((await ask("POST", "/users", { name: "'); drop table users; --", role: "viewer" })).status).toBe(
      201,
    );
    for (const path of [`/secrets/${encodeURIComponent(forged)}`, `/users/${encodeURIComponent(name)}`]) {
      expect((await ask("GET", path)).status).toBeGreaterThanOrEqual(400);
    }
    expect((await ask("GET", `/audit?user=${encodeURIComponent(forged)}`)).body.items).toEqual([]);
    expect((await ask("GET", "/audit")).body.items).toMatchObject([{ target: "'); drop table users; --" }]);
    // Each line of the log was parsed on its own.
    expect(log.map(({ msg }) => msg)).not.toContain("forged");
  });

  test("notes nothing of a change that fails, and fails at no text", async () => {
    const started = await api.start();
    await started.runtime.stop();
    const database = await openDatabase(
      started.database === undefined
        ? { kind: "embedded", folder: `${started.folder}/state/database` }
        : { kind: "postgresql", url: started.database },
      pino({ level: "silent" }),
    );
    const caller = { user: "a\0b", role: "editor", by: "token", address: "::1" } as const;
    const { db } = database;
    try {
      const failing = db.transaction(async (tx) => {
        await recordAudit(tx, caller, "a.b", "c");
        await tx.execute(sql`select 1 / 0`);
      });
      await expect(failing).rejects.toThrow();
      await db.transaction((tx) => recordAudit(tx, caller, "a.b", "\ud800", { deep: ["\0", '"\\u0000"'] }));
      const entries = await listAudit(db, {}, 10, undefined);
      expect(entries).toMatchObject([
        { user: "a\ufffdb", target: "\ufffd", details: { deep: ["\ufffd", '"\\u0000"'] } },
      ]);
    } finally {
      await database.stop();
    }
  });
});
