import { randomBytes } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import { pino } from "pino";
import { afterEach, describe, expect, test } from "vitest";
import { Secrets } from "../../src/access/secrets.ts";
import { type OpenDatabase, openDatabase } from "../../src/database/database.ts";
import { DATABASES } from "./test-database.ts";
import { useApi } from "./use-api.ts";

const CALLER = { user: "ann", role: "editor", by: "token", address: "127.0.0.1" } as const;
const NO_KEYS = { secretKey: undefined, oldSecretKeys: [] };

describe.each(DATABASES)("secrets on %s", (kind) => {
  const api = useApi(kind);

  test("are kept, named and deleted, and never told", async () => {
    const { ask, folder, log } = await api.start({ GAUGELET_LOG_LEVEL: "trace" });
    const kept = await ask("PUT", "/secrets/API_TOKEN", { value: "the-value" });
    expect(kept).toMatchObject({
      status: 200,
      body: { owner: "admin", name: "API_TOKEN", updatedBy: "admin" },
    });
    await ask("PUT", "/secrets/API_TOKEN", { value: "the-value, changed" });
    await ask("PUT", "/secrets/B", { value: "the-value" });
    const list = await ask("GET", "/secrets?limit=1");
    expect(list.body.items).toMatchObject([{ name: "API_TOKEN" }]);
    const rest = await ask("GET", `/secrets?limit=1&after=${list.body.next}`);
    expect(rest.body).toMatchObject({ items: [{ name: "B" }], next: null });
    expect((await ask("DELETE", "/secrets/B")).status).toBe(204);
    expect((await ask("DELETE", "/secrets/B")).status).toBe(404);
    const audit = await ask("GET", "/audit?target=API_TOKEN");
    expect(audit.body.items).toHaveLength(2);
    expect(JSON.stringify([kept, list, audit.body, log])).not.toContain("the-value");
    expect((await stat(join(folder, "state/secret-key"))).mode & 0o777).toBe(0o600);
  });

  test("whose names or values are none are refused, and so are those of others", async () => {
    const { ask } = await api.start();
    for (const name of ["a-b", "1A", "A%20B", "A".repeat(129), "..%2Fx", "A%00"]) {
      expect([name, (await ask("PUT", `/secrets/${name}`, { value: "x" })).status]).toEqual([name, 400]);
    }
    for (const value of ["", "a\0b", 1, null, "x".repeat(65_537), "\ud800"]) {
      expect((await ask("PUT", "/secrets/A", { value })).status).toBe(400);
    }
    await ask("POST", "/users", { name: "ann", role: "editor" });
    await ask("POST", "/users", { name: "vic", role: "viewer" });
    const ann = (await ask("POST", "/tokens", { name: "t", user: "ann" })).body.token;
    const vic = (await ask("POST", "/tokens", { name: "t", user: "vic" })).body.token;
    expect((await ask("PUT", "/secrets/A", { value: "x" }, vic)).status).toBe(403);
    for (const [method, path, body] of [
      ["PUT", "/secrets/A?owner=admin", { value: "x" }],
      ["GET", "/secrets?owner=admin", undefined],
      ["DELETE", "/secrets/A?owner=admin", undefined],
    ] as const) {
      expect((await ask(method, path, body, ann)).status).toBe(403);
    }
    expect((await ask("PUT", "/secrets/A?owner=ann", { value: "x" })).body.owner).toBe("ann");
    expect((await ask("GET", "/secrets", undefined, ann)).body.items).toMatchObject([{ name: "A" }]);
  });

  describe("and their key", () => {
    const opened: OpenDatabase[] = [];
    afterEach(async () => {
      for (const database of opened.splice(0)) await database.stop();
    });

    /** A runtime has made the tables, and ended. */
    async function open() {
      const started = await api.start();
      const url = started.database;
      await started.runtime.stop();
      const address =
        url === undefined
          ? ({ kind: "embedded", folder: join(started.folder, "state/database") } as const)
          : ({ kind: "postgresql", url } as const);
      const database = await openDatabase(address, pino({ level: "silent" }));
      opened.push(database);
      return { db: database.db, file: join(started.folder, "state/secret-key") };
    }

    test("give the values to functions, and name what is missing", async () => {
      const { db, file } = await open();
      const secrets = await Secrets.open(db, NO_KEYS, file);
      await secrets.put(CALLER, "ann", "A", "ä\n'");
      await secrets.put(CALLER, "ann", "B", "2");
      expect(await secrets.secretsOf("ann", ["A", "B"])).toEqual({ A: "ä\n'", B: "2" });
      expect(await secrets.secretsOf("ann", [])).toEqual({});
      await expect(secrets.secretsOf("ann", ["A", "C", "D"])).rejects.toThrow(
        /^ann has no secret C, D; keep them/,
      );
      await expect(secrets.secretsOf("bob", ["A"])).rejects.toThrow(/^bob has no secret A; keep it/);
    });

    test("can be another one: what an old key opened is sealed anew", async () => {
      const { db, file } = await open();
      const [first, second] = [randomBytes(32), randomBytes(32)];
      const before = await Secrets.open(db, { secretKey: first, oldSecretKeys: [] }, file);
      await before.put(CALLER, "ann", "A", "1");
      const both = await Secrets.open(db, { secretKey: second, oldSecretKeys: [first] }, file);
      expect(await both.secretsOf("ann", ["A"])).toEqual({ A: "1" });
      const after = await Secrets.open(db, { secretKey: second, oldSecretKeys: [] }, file);
      expect(await after.secretsOf("ann", ["A"])).toEqual({ A: "1" });
      // A runtime that knows the old one alone opens nothing, and overwrites nothing.
      await expect(before.secretsOf("ann", ["A"])).rejects.toThrow(/sealed with another key/);
      await expect(before.put(CALLER, "ann", "A", "2")).rejects.toThrow(/sealed with another key/);
      expect(await after.secretsOf("ann", ["A"])).toEqual({ A: "1" });
    });

    test("is made where the file was left empty, as by a full disk, and nothing is sealed yet", async () => {
      const { db, file } = await open();
      await writeFile(file, "");
      const secrets = await Secrets.open(db, NO_KEYS, file);
      await secrets.put(CALLER, "ann", "A", "1");
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      const again = await Secrets.open(db, NO_KEYS, file);
      expect(await again.secretsOf("ann", ["A"])).toEqual({ A: "1" });
    });

    test("that is wrong or gone is an error, and changes nothing", async () => {
      const { db, file } = await open();
      const secrets = await Secrets.open(db, NO_KEYS, file);
      await secrets.put(CALLER, "ann", "A", "1");
      const key = await readFile(file, "utf8");
      const wrong = { secretKey: randomBytes(32), oldSecretKeys: [] };
      await expect(Secrets.open(db, wrong, file)).rejects.toThrow(
        /^the secret A of ann is sealed with another key than this runtime has: .*GAUGELET_SECRET_KEY_OLD; this one's is that of GAUGELET_SECRET_KEY\. Where that is lost, empty the table secrets/,
      );
      await expect(Secrets.open(db, NO_KEYS, `${file}-gone`)).rejects.toThrow(
        /but the key that they are sealed with is not here: set GAUGELET_SECRET_KEY to it, or bring .*-gone back\. Where that is lost, empty/,
      );
      await writeFile(file, "");
      await expect(Secrets.open(db, NO_KEYS, file)).rejects.toThrow(/the key that .* is not here/);
      await writeFile(file, "nonsense\n");
      await expect(Secrets.open(db, NO_KEYS, file)).rejects.toThrow(ConfigurationError);
      await writeFile(file, randomBytes(32).toString("base64"));
      await expect(Secrets.open(db, NO_KEYS, file)).rejects.toThrow(`; this one's is that of ${file}. Where`);
      await writeFile(file, key);
      const again = await Secrets.open(db, NO_KEYS, file);
      expect(await again.secretsOf("ann", ["A"])).toEqual({ A: "1" });
    });
  });
});
