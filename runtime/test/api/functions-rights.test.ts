import { describe, expect, test } from "vitest";
import { SUM } from "./functions.ts";
import { DATABASES } from "./test-database.ts";
import { useApi } from "./use-api.ts";
import { addUsers, tokenOf } from "./users.ts";

const { name: _, ...DEPLOYMENT } = SUM;

/** What only the owner and administrators do, and what they are answered with. */
const OF_OWNER = [
  ["PUT", "/functions/sum", DEPLOYMENT],
  ["POST", "/functions/sum/rollback", { version: 1 }],
  ["POST", "/functions/sum/load", {}],
  ["PUT", "/functions/sum/aliases/stable", { version: 1 }],
  ["DELETE", "/functions/sum/aliases/stable"],
  ["POST", "/functions/sum/pause"],
  ["POST", "/functions/sum/resume"],
  ["GET", "/functions/sum/versions"],
  ["GET", "/functions/sum/versions/1"],
  ["GET", "/functions/sum/versions/1/package"],
  ["GET", "/functions/sum/versions/1/file?path=handler.py"],
  ["DELETE", "/functions/sum"],
  ["POST", "/functions/sum/undelete"],
] as const;

describe.each(DATABASES)("on %s", (kind) => {
  const api = useApi(kind, addUsers);

  test("whose function it is changes it and sees its code, and nobody else but an administrator", async () => {
    const { ask } = await api.start();
    await ask("POST", "/functions", SUM, tokenOf("ada"));
    for (const user of ["bob", "eve"] as const) {
      for (const [method, path, body] of OF_OWNER) {
        if (path.endsWith("undelete")) continue;
        const answer = await ask(method, path, body, tokenOf(user));
        expect([user, method, path, answer.status]).toEqual([user, method, path, 403]);
      }
      expect((await ask("GET", "/functions/sum", undefined, tokenOf(user))).body).toMatchObject({
        owner: "ada",
        manifest: null,
        warnings: null,
      });
    }
    for (const token of [tokenOf("ada"), undefined]) {
      for (const [method, path, body] of OF_OWNER) {
        const answer = await ask(method, path, body, token);
        expect([method, path, answer.status]).toEqual([method, path, method === "DELETE" ? 204 : 200]);
      }
    }
    await ask("DELETE", "/functions/sum", undefined, tokenOf("ada"));
    for (const [method, path, body] of OF_OWNER) {
      const { status } = await ask(method, path, body, tokenOf("bob"));
      expect([method, path, status]).toEqual([method, path, 404]);
    }
  });

  test("a viewer makes nothing, and nobody makes functions of others but an administrator", async () => {
    const { ask } = await api.start();
    expect((await ask("POST", "/functions", SUM, tokenOf("eve"))).status).toBe(403);
    expect((await ask("POST", "/checks", DEPLOYMENT, tokenOf("eve"))).status).toBe(403);
    expect((await ask("GET", "/functions", undefined, tokenOf("eve"))).status).toBe(200);
    expect((await ask("GET", "/functions", undefined, null)).status).toBe(401);
    expect((await ask("POST", "/functions", { ...SUM, owner: "bob" }, tokenOf("ada"))).status).toBe(403);
    expect((await ask("POST", "/functions", { ...SUM, owner: "bob" })).body).toMatchObject({ owner: "bob" });
    expect((await ask("PUT", "/functions/sum", DEPLOYMENT, tokenOf("bob"))).status).toBe(200);
  });

  test.each([["network", { network: true }] as const, ["isolation", { isolation: "process" }] as const])(
    "%s is granted by an administrator, and stays granted",
    async (_field, granted) => {
      const { ask } = await api.start();
      const ada = tokenOf("ada");
      const manifest = { ...SUM.manifest, ...granted };
      expect((await ask("POST", "/functions", { ...SUM, manifest }, ada)).status).toBe(403);
      expect((await ask("POST", "/checks", { ...SUM, manifest }, ada)).body).toMatchObject({
        isAccepted: false,
        problems: [expect.stringContaining("only an administrator")],
      });
      await ask("POST", "/functions", SUM, ada);
      expect((await ask("PUT", "/functions/sum", { manifest }, ada)).status).toBe(403);
      expect((await ask("PUT", "/functions/sum", { manifest })).status).toBe(200);
      const described = { ...manifest, description: "adds" };
      expect((await ask("PUT", "/functions/sum", { manifest: described }, ada)).status).toBe(200);
      expect((await ask("POST", "/functions/sum/rollback", { version: 1 }, ada)).status).toBe(200);
      expect((await ask("POST", "/functions/sum/rollback", { version: 3 }, ada)).status).toBe(403);
    },
  );
});
