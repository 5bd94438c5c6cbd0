import { describe, expect, test } from "vitest";
import { SUM } from "./functions.ts";
import { DATABASES } from "./test-database.ts";
import { useApi } from "./use-api.ts";
import { addUsers, tokenOf } from "./users.ts";

const withManifest = (fields: object) => ({ ...SUM, manifest: { ...SUM.manifest, ...fields } });

describe.each(DATABASES)("on %s", (kind) => {
  const api = useApi(kind, addUsers);

  test("what is wrong with a request is said, and nothing is made", async () => {
    const { ask } = await api.start();
    for (const [body, status, detail] of [
      [{ ...SUM, name: "No Name" }, 400, /body: name: expected lower-case letters/],
      [{ ...SUM, name: undefined }, 400, /body: name/],
      [{ ...SUM, more: 1 }, 400, /more/],
      [{ ...SUM, comment: "\0" }, 400, /body: comment/],
      [{ ...SUM, files: undefined }, 400, /expected one of files, zip and url/],
      [{ ...SUM, zip: "UEsDBA==" }, 400, /expected one of files, zip and url/],
      [{ ...SUM, files: undefined, zip: "%" }, 400, /body: zip: expected base64/],
      [{ ...SUM, files: undefined, zip: "UEsDBA==" }, 422, /not a zip that can be used/],
      [{ ...SUM, files: { "../handler.py": "" } }, 422, /is refused/],
      [{ ...SUM, files: { "other.py": "" } }, 422, /handler/],
      [{ ...SUM, files: { "handler.py": "def handler(" } }, 422, /handler.py:1:/],
      [{ ...SUM, files: undefined, url: "http://127.0.0.1/code.zip" }, 422, /127\.0\.0\.1/],
      [withManifest({ name: "sum" }), 400, /manifest: name: expected beside the manifest/],
      [withManifest({ source: "." }), 400, /manifest: source/],
      [withManifest({ owner: "bob" }), 400, /manifest: owner: expected admin/],
      [withManifest({ triggers: [] }), 400, /manifest: triggers: expected at least one trigger/],
      [withManifest({ trigger: [] }), 400, /manifest: .*trigger/],
      [withManifest({ isolation: "none" }), 400, /manifest: isolation/],
      [withManifest({ description: "\0" }), 400, /without the character 0/],
      [withManifest({ description: "\ud800" }), 400, /halves of characters/],
      [withManifest({ input: { type: "strange" } }), 400, /manifest: input: expected a JSON Schema/],
      [withManifest({ output: { key: "gaugelet:output:other" } }), 400, /does not begin with gaugelet:/],
      [
        withManifest({ output: { key: "gaugelet{node}:output:other" } }),
        400,
        /does not begin with gaugelet:/,
      ],
      [withManifest({ output: { key: "{node}gaugelet:outputs" } }), 400, /does not begin with gaugelet:/],
      [withManifest({ state: "partition", output: { key: "{shard}" } }), 400, /gaugelet:, in no shard/],
      [withManifest({ state: "partition", output: { key: "gaugelet" } }), 400, /gaugelet:, in no shard/],
      [
        withManifest({ triggers: [{ redisKey: "gaugelet:env:*" }] }),
        400,
        /redisKey: expected a key that does/,
      ],
      [withManifest({ secrets: ["1"] }), 400, /manifest: secrets/],
      [withManifest({ secrets: ["KEY"], environment: { KEY: "" } }), 400, /no variable of environment/],
      [withManifest({ secrets: ["KEY"] }), 400, /manifest: secrets: admin has no secret KEY/],
    ] as const) {
      const answer = await ask("POST", "/functions", body);
      expect(answer.body.detail).toMatch(detail);
      expect(answer.status).toBe(status);
    }
    expect((await ask("GET", "/functions")).body.items).toEqual([]);
  });

  test("what is wrong with paths, queries and other bodies is said", async () => {
    const { ask } = await api.start();
    await ask("POST", "/functions", SUM);
    for (const [method, path, body] of [
      ["GET", "/functions/%00"],
      ["GET", "/functions/No"],
      ["GET", "/functions?limit=0"],
      ["GET", "/functions?limit=1001"],
      ["GET", "/functions?limit=a"],
      ["GET", "/functions?after=nowhere"],
      ["GET", "/functions?state=strange"],
      ["GET", "/functions?text=%00"],
      ["GET", "/functions?owner=%00"],
      ["GET", "/functions/sum/versions?after=WyJhIl0"],
      ["GET", "/functions/sum/versions/0"],
      ["GET", "/functions/sum/versions/99999999999"],
      ["GET", "/functions/sum/versions/1/file"],
      ["POST", "/functions/sum/rollback", { version: 0 }],
      ["POST", "/functions/sum/rollback", {}],
      ["PUT", "/functions/sum/aliases/1", { version: 1 }],
      ["PUT", "/functions/sum/aliases/stable", { version: "1" }],
      ["PUT", "/functions/sum", {}],
      ["PUT", "/functions/sum", { manifest: SUM.manifest, ifVersion: -1 }],
      ["DELETE", "/functions/sum?purge=perhaps"],
      ["POST", "/checks", { manifest: "none" }],
      ["GET", "/functions/sum/versions/1/file?path=%00"],
    ] as const) {
      const answer = await ask(method, path, body);
      expect([method, path, answer.status, answer.body.type]).toEqual([
        method,
        path,
        400,
        "/problems/invalid-request",
      ]);
    }
    for (const [method, path, body] of [
      ["GET", "/functions/none"],
      ["PUT", "/functions/none", { manifest: SUM.manifest }],
      ["DELETE", "/functions/none"],
      ["POST", "/functions/none/pause"],
      ["GET", "/functions/none/versions"],
      ["GET", "/functions/sum/versions/1/file?path="],
    ] as const) {
      const answer = await ask(method, path, body);
      expect([method, path, answer.status]).toEqual([method, path, 404]);
    }
  });

  test("a name, an output key and a version that were expected are in the way of each other", async () => {
    const { ask } = await api.start();
    const keyed = (name: string, key: string, more = {}) => ({
      ...withManifest({ output: { key }, ...more }),
      name,
    });
    await ask("POST", "/functions", SUM);
    expect((await ask("POST", "/functions", SUM, tokenOf("bob"))).body).toMatchObject({
      type: "/problems/conflict",
      detail: "name: there is a function sum",
    });
    expect((await ask("PUT", "/functions/sum", { manifest: SUM.manifest, ifVersion: 2 })).body).toMatchObject(
      {
        type: "/problems/conflict",
        detail: "ifVersion: version 1 runs, not 2",
        version: 1,
      },
    );
    for (const key of ["gaugelet:output:usual", "{node}:usual"]) {
      expect((await ask("POST", "/functions", keyed("usual", key))).status).toBe(201);
      await ask("DELETE", "/functions/usual?purge=true");
    }
    await ask("POST", "/functions", keyed("hosts", "usage:{shard}", { state: "partition" }));
    await ask("POST", "/functions", keyed("plain", "plain"));
    for (const [key, more] of [
      ["usage:{shard}", { state: "partition" }],
      ["usage:h{shard}", { state: "partition" }],
      ["usage:host1", {}],
      ["plain", {}],
    ] as const) {
      const { body } = await ask("POST", "/functions", keyed("other", key, more), tokenOf("bob"));
      expect([key, body.type]).toEqual([key, "/problems/conflict"]);
    }
    expect((await ask("POST", "/functions", keyed("other", "plain:1"))).status).toBe(201);
    // A deleted function's key is free, and it comes back only where it still is.
    await ask("DELETE", "/functions/plain");
    expect((await ask("PUT", "/functions/other", keyed("", "plain"))).status).toBe(400);
    const { name: _, ...taking } = keyed("other", "plain");
    expect((await ask("PUT", "/functions/other", taking)).status).toBe(200);
    expect((await ask("POST", "/functions/plain/undelete")).body).toMatchObject({
      type: "/problems/conflict",
      detail: expect.stringContaining("other"),
    });
  });

  test("a check that nobody waits for any more is no failure", async () => {
    const { ask, url, token, log } = await api.start();
    const body = JSON.stringify(SUM);
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    for (const milliseconds of [10, 30, 60, 100, 150]) {
      const signal = AbortSignal.timeout(milliseconds);
      await fetch(`${url}/api/v1/checks`, { method: "POST", headers, body, signal }).catch(() => {});
    }
    expect((await ask("POST", "/checks", SUM)).body).toMatchObject({ isAccepted: true });
    expect(log.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("a check says what a deployment would come to, and changes nothing", async () => {
    const { ask } = await api.start();
    expect((await ask("POST", "/checks", SUM)).body).toEqual({
      isAccepted: true,
      isNameFree: true,
      problems: [],
      findings: [],
    });
    expect((await ask("GET", "/functions")).body.items).toEqual([]);
    const { name: _, ...nameless } = { ...SUM, files: { "other.py": "" } };
    expect((await ask("POST", "/checks", nameless)).body).toMatchObject({
      isAccepted: false,
      isNameFree: null,
      findings: [{ severity: "error", message: expect.stringContaining("handler") }],
    });
    const broken = { ...SUM, files: { "handler.py": "import os\n\ndef handler(input, context:\n" } };
    expect((await ask("POST", "/checks", broken)).body).toMatchObject({
      isAccepted: false,
      findings: [{ severity: "error", file: "handler.py", line: 3, column: expect.any(Number) }],
    });
    const unused = { ...SUM, files: { "handler.py": `import os\n${SUM.files["handler.py"]}` } };
    expect((await ask("POST", "/checks", unused)).body).toMatchObject({
      isAccepted: true,
      findings: [{ severity: "warning", line: 1 }],
    });
    await ask("POST", "/functions", SUM, tokenOf("ada"));
    expect((await ask("POST", "/checks", SUM, tokenOf("ada"))).body).toMatchObject({
      isAccepted: true,
      isNameFree: false,
    });
    expect((await ask("POST", "/checks", SUM, tokenOf("bob"))).body).toMatchObject({
      isAccepted: false,
      isNameFree: false,
      problems: ["name: there is a function sum"],
    });
  });
});
