import { waitFor } from "@gaugelet/testing/wait";
import { describe, expect, test } from "vitest";
import { fileInZip } from "../../src/packages/file-in-zip.ts";
import { calling, counter, type FunctionBody, SLOW_COUNTER, SUM } from "./functions.ts";
import { DATABASES } from "./test-database.ts";
import { type ApiUnderTest, useApi } from "./use-api.ts";
import { addUsers, tokenOf } from "./users.ts";

const SLOW: FunctionBody = {
  name: "slow",
  manifest: { handler: "handler.handler", triggers: [{ http: true }], state: "none" },
  files: {
    "handler.py": [
      "import time",
      "def handler(input, context):",
      "    time.sleep(input['seconds'])",
      "    return {'slept': input['seconds']}",
    ].join("\n"),
  },
};

const PENDING = ["gaugelet:invocations", "runtimes"] as const;

/** Whether the one function that has workers is called now. */
async function isUnderWay({ ask }: ApiUnderTest): Promise<boolean> {
  const [slow] = (await ask("GET", "/workers")).body.items;
  return slow?.workers.some((worker: { callsInFlight: number }) => worker.callsInFlight > 0);
}

describe.each(DATABASES)("on %s", (kind) => {
  const api = useApi(kind, addUsers);

  test("a paused function is not called, a deleted one is gone, and both come back with their env", async () => {
    const started = await api.start();
    const { ask, redis } = started;
    const call = calling(started);
    const ada = tokenOf("ada");
    await ask("POST", "/functions", counter("count", 1), ada);
    expect((await call("count", {})).body).toMatchObject({ count: 1 });

    expect((await ask("POST", "/functions/count/pause", undefined, ada)).body).toMatchObject({
      state: "paused",
    });
    expect(await call("count", {})).toMatchObject({
      status: 503,
      body: { detail: "the function is paused" },
    });
    expect((await ask("POST", "/functions/count/resume", undefined, ada)).body).toMatchObject({
      state: "serving",
    });
    expect((await call("count", {})).body).toMatchObject({ count: 2 });

    expect((await ask("DELETE", "/functions/count", undefined, ada)).status).toBe(204);
    expect((await call("count", {})).status).toBe(404);
    expect((await ask("GET", "/functions/count", undefined, ada)).body).toMatchObject({ state: "deleted" });
    expect((await ask("GET", "/functions/count", undefined, tokenOf("bob"))).status).toBe(404);
    const { name: _, ...again } = counter("count", 2);
    expect((await ask("PUT", "/functions/count", again, ada)).body).toMatchObject({
      type: "/problems/gone",
      detail: expect.stringContaining("/functions/count/undelete"),
    });
    expect((await ask("POST", "/functions", counter("count", 1), ada)).body).toMatchObject({
      type: "/problems/conflict",
      detail: expect.stringContaining("until it is purged"),
    });
    expect((await ask("POST", "/functions/count/undelete", undefined, ada)).body).toMatchObject({
      state: "serving",
    });
    expect((await call("count", {})).body).toMatchObject({ count: 3 });

    expect((await ask("DELETE", "/functions/count?purge=true", undefined, ada)).status).toBe(403);
    expect((await ask("DELETE", "/functions/count?purge=true")).status).toBe(204);
    expect((await call("count", {})).status).toBe(404);
    expect((await ask("GET", "/functions/count")).status).toBe(404);
    // What it left behind is not there for the next of its name, whose owner may be another.
    expect(await redis.client.keys("gaugelet:*count*")).toEqual([]);
    expect(await redis.client.hget("gaugelet:outputs", "gaugelet:output:count")).toBeNull();
    expect((await ask("POST", "/functions", counter("count", 1), ada)).body).toMatchObject({ version: 1 });
    expect((await call("count", {})).body).toMatchObject({ count: 1 });
  });

  test("the output at a key that a function has left is none for readers, also where it rests", async () => {
    const started = await api.start();
    const { ask, redis } = started;
    const { name, manifest, files } = SUM;
    const at = (key: string, idle = "5m") => ({
      files,
      manifest: { ...manifest, output: { key }, workers: { scaleDown: { idle } } },
    });
    const entryAt = async (key: string) =>
      JSON.parse((await redis.client.hget("gaugelet:outputs", key)) ?? "{}");
    const store = async (key: string) => {
      await calling(started)("sum", { a: 1, b: 2 });
      await waitFor(`an output at ${key}`, async () => {
        const { function: of, left } = await entryAt(key);
        return of === "sum" && left === undefined;
      });
    };
    await ask("POST", "/functions", { name, ...at("first") });
    await store("first");
    await ask("PUT", "/functions/sum", at("second", "100ms"));
    await store("second");
    expect(await entryAt("first")).toMatchObject({ function: "sum", staleAfter: null, left: true });
    await waitFor("it to rest", async () => {
      const { items } = (await ask("GET", "/workers")).body;
      return items.every((each: { function: string }) => each.function !== "sum");
    });
    await ask("PUT", "/functions/sum", at("first"));
    await waitFor("the second to be left", async () => (await entryAt("second")).left === true);
    await store("first");
  });

  test("a purged function's accepted calls are not kept, nor how far it has read topics", async () => {
    const { ask, redis } = await api.start();
    const { client } = redis;
    const groups = async () => (await client.xinfo("GROUPS", "gaugelet:topic:orders")) as unknown[];
    await ask("POST", "/topics", { name: "orders" });
    const triggers = [{ topic: "orders" }, { topic: "never-made" }];
    await ask("POST", "/functions", { ...SUM, name: "goes", manifest: { ...SUM.manifest, triggers } });
    await ask("POST", "/functions", { ...SUM, name: "stays" });
    await waitFor("it to read", async () => (await groups()).length === 1);
    const runs: string[] = [];
    for (const name of ["stays", "goes"]) {
      await ask("POST", `/functions/${name}/pause`);
      const { body } = await ask("POST", `/functions/${name}/invocations`, { mode: "async" });
      runs.push(body.run);
    }
    await waitFor("they to be looked at", async () => (await client.xpending(...PENDING))[0] === 2);
    expect((await ask("DELETE", "/functions/goes?purge=true")).status).toBe(204);
    expect(await groups()).toEqual([]);
    expect(await client.xlen("gaugelet:invocations")).toBe(1);
    expect((await client.xpending(...PENDING))[0]).toBe(1);
    const [stays, goes] = await Promise.all(runs.map(async (run) => (await ask("GET", `/runs/${run}`)).body));
    expect(stays).toMatchObject({ status: "waiting" });
    expect(goes).toMatchObject({ status: "failed", error: "the function was purged before it was called" });
  });

  test("one that takes over the output key of a deleted one begins with an empty env", async () => {
    const started = await api.start();
    const { ask, redis } = started;
    const call = calling(started);
    const { name: _, manifest, ...rest } = counter("before", 1);
    const sharing = { ...rest, manifest: { ...manifest, output: { key: "shared-key" } } };
    await ask("POST", "/functions", { name: "before", ...sharing }, tokenOf("ada"));
    expect((await call("before", {})).body).toMatchObject({ count: 1 });
    await waitFor("it to be stored", () => redis.client.get("shared-key"));
    await ask("DELETE", "/functions/before", undefined, tokenOf("ada"));
    await ask("POST", "/functions", { name: "after", ...sharing }, tokenOf("bob"));
    expect((await call("after", {})).body).toMatchObject({ count: 1 });
    await waitFor("it to be stored", async () =>
      (await redis.client.hget("gaugelet:outputs", "shared-key"))?.includes("after"),
    );
    // What another has by now stays.
    expect((await ask("DELETE", "/functions/before?purge=true")).status).toBe(204);
    expect((await call("after", {})).body).toMatchObject({ count: 2 });
    expect(await redis.client.get("shared-key")).not.toBeNull();
  });

  test("of a function that is purged in the middle of a call nothing stays", async () => {
    const started = await api.start();
    const { ask, redis } = started;
    const call = calling(started);
    await ask("POST", "/functions", SLOW_COUNTER);
    expect((await call("slow-counter", { seconds: 0 })).body).toMatchObject({ count: 1 });
    // Longer than a runtime goes without asking for a lease that it lost.
    const underWay = call("slow-counter", { seconds: 2 });
    await waitFor("the call to be under way", () => isUnderWay(started));
    expect((await ask("DELETE", "/functions/slow-counter?purge=true")).status).toBe(204);
    expect(await underWay).toMatchObject({ status: 200, body: { count: 2 } });
    expect(await redis.client.keys("gaugelet:*slow-counter*")).toEqual([]);
    expect(await redis.client.hkeys("gaugelet:outputs")).not.toContain("gaugelet:output:slow-counter");
  });

  test("a function is purged once Redis is there again, and is deleted meanwhile", async () => {
    const { ask, redis } = await api.start();
    await ask("POST", "/functions", counter("count", 1));
    await redis.crash();
    const refused = await ask("DELETE", "/functions/count?purge=true");
    expect(refused).toMatchObject({ status: 503, body: { type: "/problems/unavailable" } });
    expect((await ask("GET", "/functions/count")).body).toMatchObject({ state: "deleted" });
    await redis.restart();
    await waitFor("it to be purged", async () => {
      return (await ask("DELETE", "/functions/count?purge=true")).status === 204;
    });
    expect((await ask("GET", "/functions/count")).status).toBe(404);
  });

  test("one that is resumed while what was under way still ends is called again, and waits for it", async () => {
    const started = await api.start();
    const { ask } = started;
    const call = calling(started);
    await ask("POST", "/functions", SLOW);
    const underWay = call("slow", { seconds: 1 });
    await waitFor("the call to be under way", () => isUnderWay(started));
    expect((await ask("POST", "/functions/slow/pause")).body).toMatchObject({ state: "paused" });
    expect((await ask("POST", "/functions/slow/resume")).body).toMatchObject({ state: "serving" });
    expect(await call("slow", { seconds: 0 })).toMatchObject({ status: 200, body: { slept: 0 } });
    expect(await underWay).toMatchObject({ status: 200, body: { slept: 1 } });
  });

  test("versions are looked at, named, and rolled back to by name", async () => {
    const { ask } = await api.start();
    await ask("POST", "/functions", { ...counter("count", 1), comment: "the first" });
    const { name: _, ...second } = counter("count", 2);
    await ask("PUT", "/functions/count", second);
    expect(await ask("PUT", "/functions/count/aliases/stable", { version: 1 })).toMatchObject({
      status: 200,
      body: { aliases: { stable: 1 } },
    });
    expect((await ask("GET", "/functions/count/versions?limit=1")).body).toMatchObject({
      items: [{ version: 2, isCurrent: true, aliases: [], createdBy: "admin" }],
      next: expect.any(String),
    });
    const { next } = (await ask("GET", "/functions/count/versions?limit=1")).body;
    expect((await ask("GET", `/functions/count/versions?limit=1&after=${next}`)).body).toMatchObject({
      items: [{ version: 1, isCurrent: false, aliases: ["stable"], comment: "the first" }],
      next: null,
    });
    expect((await ask("GET", "/functions/count/versions/stable")).body).toMatchObject({
      version: 1,
      manifest: { handler: "handler.handler" },
      warnings: [],
      files: ["handler.py"],
    });
    const file = await ask("GET", "/functions/count/versions/1/file?path=handler.py");
    expect(file.body).toBe(counter("count", 1).files["handler.py"]);
    expect(file.headers.get("content-disposition")).toBe("attachment");
    expect((await ask("GET", "/functions/count/versions/1/file?path=../handler.py")).status).toBe(404);
    expect((await ask("GET", "/functions/count/versions/3")).status).toBe(404);
    expect((await ask("GET", "/functions/count/versions/unstable")).status).toBe(404);

    expect((await ask("POST", "/functions/count/rollback", { version: "stable" })).body).toMatchObject({
      version: 1,
    });
    expect((await ask("POST", "/functions/count/rollback", { version: 9 })).status).toBe(404);
    expect((await ask("PUT", "/functions/count/aliases/stable", { version: 9 })).status).toBe(404);
    expect((await ask("DELETE", "/functions/count/aliases/stable")).status).toBe(204);
    expect((await ask("DELETE", "/functions/count/aliases/stable")).status).toBe(404);
    // The next version's number is none that was given before.
    const { name: __, ...third } = counter("count", 3);
    expect((await ask("PUT", "/functions/count", third)).body).toMatchObject({ version: 3 });
  });

  test("the package of a version is a zip, which can be deployed as it is", async () => {
    const started = await api.start();
    const { ask, url, token } = started;
    await ask("POST", "/functions", SUM);
    const response = await fetch(`${url}/api/v1/functions/sum/versions/1/package`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.headers.get("content-type")).toBe("application/zip");
    const zip = Buffer.from(await response.arrayBuffer());
    expect((await fileInZip(zip, "handler.py"))?.toString()).toBe(SUM.files["handler.py"]);
    const copy = { name: "copy", manifest: SUM.manifest, zip: zip.toString("base64") };
    expect((await ask("POST", "/functions", copy)).status).toBe(201);
    expect(await calling(started)("copy", { a: 2, b: 3 })).toMatchObject({ body: { sum: 5 } });
    const [original, other] = await Promise.all(
      ["sum", "copy"].map((name) => ask("GET", `/functions/${name}/versions/1`)),
    );
    expect(original?.body.package).toBe(other?.body.package);
  });

  test("every change is in the audit log with who made it", async () => {
    const { ask } = await api.start();
    await ask("POST", "/functions", SUM, tokenOf("ada"));
    await ask("POST", "/functions/sum/pause");
    const details = (await ask("GET", "/functions/sum")).body;
    expect(details).toMatchObject({ owner: "ada", updatedBy: "admin", state: "paused" });
    expect(Date.parse(details.updatedAt)).toBeGreaterThanOrEqual(Date.parse(details.createdAt));
  });
});
