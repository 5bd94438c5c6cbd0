import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { includesRole } from "../../src/access/caller.ts";
import { type ApiDocument, operationsByTag, type PlacedOperation } from "../../src/api/reference/document.ts";
import { ROLES, type Role } from "../../src/database/schema/access.ts";
import { OWNER_RIGHTS } from "./owner-rights.ts";
import { DATABASES } from "./test-database.ts";
import { type ApiUnderTest, useApi } from "./use-api.ts";

type Operation = PlacedOperation & { readonly "x-required-role"?: Role };

async function operationsOf({ url }: ApiUnderTest): Promise<Operation[]> {
  const document = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as ApiDocument;
  return [...operationsByTag(document).values()].flat();
}

describe.each(DATABASES)("each path of the API on %s", (kind) => {
  const api = useApi(kind);

  test("is answered to the roles that it says, and to no others", async () => {
    const started = await api.start();
    const { ask, url } = started;
    const tokens = new Map<Role | null, string | null>([[null, null]]);
    for (const role of ROLES) {
      await ask("POST", "/users", { name: `a-${role}`, role });
      tokens.set(role, (await ask("POST", "/tokens", { name: "t", user: `a-${role}` })).body.token);
    }
    const operations = await operationsOf(started);
    expect(operations.length).toBeGreaterThan(10);
    for (const { method, path, operationId, "x-required-role": needed = null } of operations) {
      for (const [role, token] of tokens) {
        // What belongs to an owner is asked for by that one.
        const named = path.replace("{owner}", `a-${role}`).replaceAll(/\{\w+\}/g, "none-such");
        const response = await fetch(url + named, {
          method,
          headers: token === null ? {} : { authorization: `Bearer ${token}` },
          signal: AbortSignal.timeout(30_000),
        });
        await response.body?.cancel();
        const { status } = response;
        const allowed = needed === null || (role !== null && includesRole(role, needed));
        const expected = allowed ? "allowed" : role === null ? "401" : "403";
        const got = status === 401 || status === 403 ? String(status) : "allowed";
        expect(`${operationId} as ${role}: ${got}`).toBe(`${operationId} as ${role}: ${expected}`);
        expect([operationId, status >= 500]).toEqual([operationId, false]);
      }
    }
  });
});

describe("what belongs to somebody", () => {
  const api = useApi("embedded");

  test("is tested for each path that knows owners: see owner-rights.ts", async () => {
    const names = (await operationsOf(await api.start())).map(({ operationId }) => operationId);
    expect(Object.keys(OWNER_RIGHTS).toSorted()).toEqual(names.toSorted());
    for (const entry of Object.values(OWNER_RIGHTS)) {
      if (entry === "no owner") continue;
      expect([entry.tests, existsSync(new URL(entry.tests, import.meta.url))]).toEqual([entry.tests, true]);
    }
  });
});
