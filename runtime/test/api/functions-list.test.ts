import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@gaugelet/testing/wait";
import { describe, expect, test } from "vitest";
import { calling, SUM } from "./functions.ts";
import { DATABASES } from "./test-database.ts";
import { useApi } from "./use-api.ts";
import { addUsers, tokenOf } from "./users.ts";

const OF_FILE = {
  name: "of-file",
  handler: "handler.handler",
  triggers: [{ http: true }],
  workers: { min: 0 },
};

describe.each(DATABASES)("on %s", (kind) => {
  const api = useApi(kind, addUsers);

  test("functions are listed by name, a page at a time, with those of the file among them", async () => {
    const { ask } = await api.start({}, JSON.stringify({ functions: [OF_FILE] }));
    for (const name of ["zeta", "alpha", "a-b", "ab"]) {
      await ask("POST", "/functions", { ...SUM, name }, tokenOf("ada"));
    }
    const described = { ...SUM, name: "bobs", manifest: { ...SUM.manifest, description: "Adds 100%_of it" } };
    await ask("POST", "/functions", described, tokenOf("bob"));
    const names = async (query: string, token?: string): Promise<string[]> =>
      (await ask("GET", `/functions?${query}`, undefined, token)).body.items.map(
        ({ name }: { name: string }) => name,
      );
    expect(await names("")).toEqual(["a-b", "ab", "alpha", "bobs", "of-file", "zeta"]);
    expect(await names("owner=bob")).toEqual(["bobs"]);
    expect(await names("text=100%25_")).toEqual(["bobs"]);
    expect(await names("text=FILE")).toEqual(["of-file"]);
    expect(await names("state=paused")).toEqual([]);

    const seen: string[] = [];
    for (let next: string | null = ""; next !== null; ) {
      const { body } = await ask("GET", `/functions?limit=2${next === "" ? "" : `&after=${next}`}`);
      seen.push(...body.items.map(({ name }: { name: string }) => name));
      next = body.next;
    }
    expect(seen).toEqual(["a-b", "ab", "alpha", "bobs", "of-file", "zeta"]);

    await ask("DELETE", "/functions/zeta", undefined, tokenOf("ada"));
    expect(await names("")).not.toContain("zeta");
    expect(await names("state=deleted", tokenOf("ada"))).toEqual(["zeta"]);
    expect(await names("state=deleted", tokenOf("bob"))).toEqual([]);
    expect(await names("state=deleted")).toEqual(["zeta"]);
  });

  test("a function of the file is shown, and changed there alone", async () => {
    const { ask, folder } = await api.start({}, JSON.stringify({ functions: [OF_FILE] }));
    const file = join(folder, "gaugelet.yaml");
    expect((await ask("GET", "/functions/of-file")).body).toMatchObject({
      name: "of-file",
      origin: "file",
      file,
      state: "serving",
      version: null,
      createdAt: null,
      triggers: [{ http: true }],
      manifest: null,
    });
    const { name: _, ...code } = SUM;
    for (const [method, path, body] of [
      ["POST", "/functions", { ...SUM, name: "of-file" }],
      ["PUT", "/functions/of-file", code],
      ["POST", "/functions/of-file/pause"],
      ["DELETE", "/functions/of-file"],
      ["DELETE", "/functions/of-file?purge=true"],
    ] as const) {
      const answer = await ask(method, path, body);
      expect([method, path, answer.status, answer.body.detail]).toEqual([
        method,
        path,
        409,
        expect.stringContaining(file),
      ]);
    }
    expect((await ask("GET", "/functions/of-file/versions")).status).toBe(404);
  });

  test("where the file comes to name a function of the catalog's, the file's runs", async () => {
    const started = await api.start();
    const { ask, folder, runtime, log } = started;
    const call = calling(started);
    await ask("POST", "/functions", SUM);
    expect(await call("sum", { a: 1, b: 2 })).toMatchObject({ body: { sum: 3 } });

    const code = "def handler(input, context):\n    return {'sum': 'of the file'}\n";
    await writeFile(join(folder, "handler.py"), code);
    const ofFile = { ...OF_FILE, name: "sum", source: "handler.py" };
    await writeFile(join(folder, "gaugelet.yaml"), JSON.stringify({ functions: [ofFile] }));
    await runtime.reload();
    expect(await call("sum", {})).toMatchObject({ body: { sum: "of the file" } });
    expect(log).toContainEqual(
      expect.objectContaining({
        function: "sum",
        msg: expect.stringContaining("the catalog's does not run"),
      }),
    );
    const { body } = await ask("GET", "/functions?text=sum");
    expect(body.items).toMatchObject([
      { name: "sum", origin: "api", state: "shadowed" },
      { name: "sum", origin: "file", state: "serving" },
    ]);
    expect((await ask("GET", "/functions?text=sum&limit=1")).body.next).not.toBeNull();
    const { name: _, ...deployment } = SUM;
    expect((await ask("PUT", "/functions/sum", deployment)).status).toBe(409);

    await writeFile(join(folder, "gaugelet.yaml"), "functions: []\n");
    await runtime.reload();
    await waitFor("the catalog's to run again", async () => {
      const answer = await call("sum", { a: 1, b: 2 });
      return (answer.body as { sum?: unknown }).sum === 3;
    });
  });
});
