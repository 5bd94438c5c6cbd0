import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { call, fileOf, runsOf } from "./run-functions.ts";
import { DATABASES } from "./test-database.ts";
import { type ApiUnderTest, useApi } from "./use-api.ts";

let folder: string;
beforeEach(async () => {
  folder = await makeFunctionFolder("replays");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const counting = (rest: string): string => `
def handler(input, context):
    context.env["calls"] = context.env.get("calls", 0) + 1
    calls = context.env["calls"]
    n = input["n"]
${rest}
`;

async function over({ ask }: ApiUnderTest, id: string) {
  return await waitFor("the replay to be over", async () => {
    const { body } = await ask("GET", `/replays/${id}`);
    return body.status === "running" ? undefined : body;
  });
}

describe.each(DATABASES)("on %s", (kind) => {
  const api = useApi(kind);

  test("recorded inputs run through the code as it is now, and what differs is shown; nothing is stored", async () => {
    const before = counting("    return {'n': n, 'calls': calls, 'gone': 1}");
    const manifest = "triggers: [{ http: true }]";
    const started = await api.start({}, await fileOf(folder, [{ name: "counts", code: before, manifest }]));
    for (let n = 0; n < 3; n += 1) await call(started, "counts", { n });
    const recorded = await runsOf(started, "function=counts", 3);
    const stored = await waitFor("the output", async () => {
      const text = await started.redis.client.get("gaugelet:output:counts");
      return text?.includes('"calls":3') ? text : undefined;
    });
    const after = counting(
      "    if n == 2: raise ValueError('two')\n    return {'n': n if n == 0 else {'is': n}, 'calls': calls, 'gone': 1}",
    );
    await writeFile(join(folder, "counts.py"), after);
    const begin = async (body: object) => {
      const begun = await started.ask("POST", "/functions/counts/replays", body);
      expect(begun.status).toBe(202);
      return await over(started, begun.body.id);
    };
    expect(await begin({})).toMatchObject({
      status: "completed",
      total: 3,
      done: 3,
      skipped: 0,
      equal: 1,
      different: 2,
      oldFailures: 0,
      newFailures: 1,
      runs: [
        { isEqual: true, differences: [], old: { output: { n: 0 } }, new: { output: { n: 0 } } },
        { isEqual: false, differences: [{ path: "n", old: 1, new: { is: 1 } }] },
        { isEqual: false, new: { status: "failed", error: expect.stringContaining("two") } },
      ],
    });
    // With what is stored of env, one goes on from the three calls.
    const copied = await begin({ env: "copy", runs: [recorded[2].id] });
    expect(copied.runs).toMatchObject([{ differences: [{ path: "calls", old: 1, new: 4 }] }]);
    expect(await started.redis.client.get("gaugelet:output:counts")).toBe(stored);
    const replayed = await runsOf(started, "function=counts&trigger=replay", 4);
    expect(replayed.filter(({ status }) => status === "failed")).toHaveLength(1);
  });

  test("what cannot be replayed is refused, and a replay ends when it is cancelled", async () => {
    const code =
      "import time\ndef handler(input, context):\n    time.sleep(input['seconds'])\n    return {}\n";
    const started = await api.start({}, await fileOf(folder, [{ name: "slow", code }]));
    await call(started, "slow", { seconds: 0 });
    await runsOf(started, "function=slow", 1);
    const post = (body: object, name = "slow") => started.ask("POST", `/functions/${name}/replays`, body);
    expect((await post({ version: 3 })).body.detail).toContain("no version 3");
    expect((await post({ write: true })).body.detail).toContain("no topic");
    for (const wrong of [{ env: "old" }, { limit: 0 }, { runs: [] }, { from: "x" }]) {
      expect((await post(wrong)).status).toBe(400);
    }
    expect((await post({}, "none")).status).toBe(404);
    expect((await started.ask("GET", "/replays/none")).status).toBe(404);
    await writeFile(join(folder, "slow.py"), code.replace("input['seconds']", "60"));
    const { body } = await post({});
    expect((await started.ask("DELETE", `/replays/${body.id}`)).status).toBe(204);
    expect((await started.ask("GET", `/replays/${body.id}`)).body).toMatchObject({
      status: "cancelled",
      total: 1,
    });
  });
});
