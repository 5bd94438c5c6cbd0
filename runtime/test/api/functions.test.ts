import { waitFor } from "@gaugelet/testing/wait";
import { describe, expect, test } from "vitest";
import { calling, counter, SUM } from "./functions.ts";
import { DATABASES } from "./test-database.ts";
import { useApi } from "./use-api.ts";
import { addUsers, tokenOf } from "./users.ts";

describe.each(DATABASES)("on %s", (kind) => {
  const api = useApi(kind, addUsers);

  test("a function that is made runs, another version takes over with its env, and back", async () => {
    const started = await api.start();
    const { ask } = started;
    const call = calling(started);
    const made = await ask("POST", "/functions", counter("count", 1), tokenOf("ada"));
    expect(made).toMatchObject({
      status: 201,
      body: {
        name: "count",
        owner: "ada",
        origin: "api",
        state: "serving",
        language: "python",
        version: 1,
        updatedBy: "ada",
        manifest: { handler: "handler.handler", triggers: [{ http: true }] },
      },
    });
    expect(await call("count", {})).toEqual({ status: 200, body: { count: 1, step: 1 } });
    expect((await call("count", {})).body).toEqual({ count: 2, step: 1 });

    const deployed = await ask(
      "PUT",
      "/functions/count",
      { ...counter("count", 10), name: undefined },
      tokenOf("ada"),
    );
    expect(deployed).toMatchObject({ status: 200, body: { version: 2, isNewVersion: true } });
    const next = await waitFor("version 2 to take over", async () => {
      const { body } = await call("count", {});
      return (body as { step: number }).step === 10 ? (body as { count: number }) : undefined;
    });
    // 2, perhaps some more by version 1, and 10 by the first call of version 2: nothing began anew.
    expect(next.count).toBeGreaterThanOrEqual(12);

    const back = await ask("POST", "/functions/count/rollback", { version: 1 }, tokenOf("ada"));
    expect(back).toMatchObject({ status: 200, body: { version: 1 } });
    const again = await waitFor("version 1 to take over again", async () => {
      const { body } = await call("count", {});
      return (body as { step: number }).step === 1 ? (body as { count: number }) : undefined;
    });
    expect(again.count).toBeGreaterThan(next.count);
  });

  test("what is as in the version that runs makes no version", async () => {
    const { ask } = await api.start();
    await ask("POST", "/functions", SUM);
    const { name: _, ...same } = SUM;
    expect((await ask("PUT", "/functions/sum", same)).body).toMatchObject({
      version: 1,
      isNewVersion: false,
    });
    const manifest = { ...same.manifest, description: "adds" };
    expect((await ask("PUT", "/functions/sum", { manifest })).body).toMatchObject({
      version: 2,
      isNewVersion: true,
      description: "adds",
    });
    const versions = (await ask("GET", "/functions/sum/versions")).body;
    expect(versions).toMatchObject({ items: [{ version: 2, isCurrent: true }, { version: 1 }], next: null });
    expect(versions.items[0].package).toBe(versions.items[1].package);
  });
});
