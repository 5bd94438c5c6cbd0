import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { calling, SUM } from "./functions.ts";
import { useApi } from "./use-api.ts";

const api = useApi("embedded");
const BROKEN = { ...SUM, files: { "handler.py": `1 / 0\n${SUM.files["handler.py"]}` } };
const REASON = "cannot be loaded: importing 'handler' failed: ZeroDivisionError: division by zero";

test("a function that nobody has called is loaded when it is asked for", async () => {
  const { ask } = await api.start();
  await ask("POST", "/functions", SUM);
  expect((await ask("GET", "/workers")).body.items).toEqual([]);
  const loaded = { state: "loaded", reason: null, traceback: null, version: 1 };
  expect(await ask("POST", "/functions/sum/load", {})).toMatchObject({ status: 200, body: loaded });
  expect((await ask("GET", "/workers")).body.items).toMatchObject([{ function: "sum", ready: 1 }]);
});

test("why it cannot be loaded is said, also of a change of what runs; and what is mended is loaded", async () => {
  const started = await api.start();
  const { ask } = started;
  const { name: _, ...broken } = BROKEN;
  const load = async () => (await ask("POST", "/functions/sum/load", {})).body;
  const problem = async () => (await ask("GET", "/functions/sum")).body.loadProblem;
  await ask("POST", "/functions", BROKEN);
  expect(await problem()).toBeNull();
  expect(await load()).toMatchObject({ state: "failed", reason: REASON, version: 1 });
  expect(await problem()).toBe(REASON);
  expect(await calling(started)("sum", {})).toMatchObject({
    status: 500,
    body: { type: "/problems/load-failed", traceback: expect.stringContaining("ZeroDivisionError") },
  });

  // A call of what is mended waits for it.
  await ask("PUT", "/functions/sum", { manifest: SUM.manifest, files: SUM.files });
  expect(await calling(started)("sum", { a: 1, b: 2 })).toEqual({ status: 200, body: { sum: 3 } });
  expect(await load()).toMatchObject({ state: "loaded", version: 2 });
  expect(await problem()).toBeNull();

  await ask("PUT", "/functions/sum", broken);
  expect(await load()).toMatchObject({
    state: "failed",
    reason: REASON,
    traceback: expect.stringContaining('handler.py", line 1'),
    version: 3,
  });
  expect((await ask("GET", "/functions?limit=1")).body.items).toMatchObject([{ loadProblem: REASON }]);
  // What ran goes on.
  expect(await calling(started)("sum", { a: 1, b: 2 })).toEqual({ status: 200, body: { sum: 3 } });

  await ask("POST", "/functions/sum/rollback", { version: 2 });
  expect(await load()).toMatchObject({ state: "loaded", version: 2 });
  expect(await problem()).toBeNull();
});

test("nobody waits longer than asked for, nor for what does not run", async () => {
  const { ask } = await api.start();
  const files = { "handler.py": `import time\ntime.sleep(600)\n${SUM.files["handler.py"]}` };
  await ask("POST", "/functions", { ...SUM, files });
  const path = "/functions/sum/load";
  expect((await ask("POST", path, { waitSeconds: 0.1234 })).body).toMatchObject({ state: "loading" });
  await ask("POST", "/functions/sum/pause");
  const paused = { state: "absent", reason: "the function is paused", version: null };
  expect((await ask("POST", path, {})).body).toMatchObject(paused);
  expect((await ask("POST", "/functions/nothing/load", {})).status).toBe(404);
  expect((await ask("POST", path, { waitSeconds: 61 })).status).toBe(400);
});

test("a function of a file says why it is not loaded, too", async () => {
  const folder = await makeFunctionFolder("of-file");
  await writeFile(join(folder, "handler.py"), "1 / 0\n");
  const ofFile = { name: "sum", handler: "handler.handler", source: folder, triggers: [{ http: true }] };
  const { ask } = await api.start({}, JSON.stringify({ functions: [ofFile] }));
  await waitFor("the reason", async () => (await ask("GET", "/functions/sum")).body.loadProblem === REASON);
});
