import { waitFor } from "@gaugelet/testing/wait";
import { describe, expect, test } from "vitest";
import { counting, deploy, replay } from "./replay-functions.ts";
import { call, runsOf } from "./run-functions.ts";
import { type ApiUnderTest, useApi } from "./use-api.ts";

/** Of a replay's runs, what came out then and now. */
function outputsOf({
  runs,
}: {
  readonly runs: readonly { old: { output: unknown }; new: { output: unknown } }[];
}) {
  return runs.map(({ old, new: now }) => [old.output, now.output]);
}

/** All that Redis keeps of functions: what runs, instances and leases leave goes on by itself. */
async function storedBy({ redis }: ApiUnderTest): Promise<Record<string, string | undefined>> {
  const keys = (await redis.client.keys("*")).filter(
    (key) => !/^gaugelet:(runs|runs:.*|instance.*|lease:.*|recorded:.*)$/.test(key),
  );
  const dumps = await Promise.all(keys.sort().map(async (key) => [key, await redis.client.dumpBuffer(key)]));
  return Object.fromEntries(dumps.map(([key, dump]) => [key, dump?.toString("hex")]));
}

describe("versions of the catalog", () => {
  const api = useApi("postgresql");

  test("of large outputs a result holds some, and of all whether they are equal", async () => {
    const started = await api.start();
    await deploy(started, counting("large", ["return {'n': input['n'], 'text': ''}"]));
    for (let n = 0; n < 7; n += 1) expect((await call(started, "large", { n })).status).toBe(200);
    await runsOf(started, "function=large", 7);
    const text = "'x' * 900_000 if input['n'] < 6 else ''";
    await deploy(started, counting("large", [`return {'n': input['n'], 'text': ${text}}`]));
    const { runs, equal, different } = await replay(started, "large", { version: 2 });
    expect([equal, different]).toEqual([1, 6]);
    const kept = runs.map(({ new: now }: { new: { output: unknown } }) => now.output !== "[not kept]");
    expect(kept).toEqual([true, true, true, true, false, false, false]);
    expect(runs[6]).toMatchObject({ isEqual: true, old: { output: "[not kept]" } });
  });

  test("recorded runs go through another version, on a fresh env and on a copy, and nothing else changes", async () => {
    const started = await api.start();
    await deploy(started, counting("tally", ["return {'n': input['n'], 'calls': calls, 'by': 1}"]));
    for (let n = 0; n < 3; n += 1) expect((await call(started, "tally", { n })).status).toBe(200);
    await runsOf(started, "function=tally", 3);
    await deploy(
      started,
      counting("tally", [
        "if input['n'] == 1: raise ValueError('one')",
        "return {'n': input['n'], 'calls': calls}",
      ]),
    );
    await waitFor("version 2", () =>
      started.log.some(({ msg }) => /new version took over/.test(String(msg))),
    );
    expect(await (await call(started, "tally", { n: 9 })).json()).toEqual({ n: 9, calls: 4 });
    const recorded = (await runsOf(started, "function=tally", 4)).reverse();
    expect(recorded.map(({ versionNumber }) => versionNumber)).toEqual([1, 1, 1, 2]);
    const before = await storedBy(started);

    const second = await replay(started, "tally", { version: 2 });
    expect(second).toMatchObject({ status: "completed", total: 4, done: 4, oldFailures: 0, newFailures: 1 });
    expect(outputsOf(second)).toEqual([
      [
        { n: 0, calls: 1, by: 1 },
        { n: 0, calls: 1 },
      ],
      [{ n: 1, calls: 2, by: 1 }, null],
      [
        { n: 2, calls: 3, by: 1 },
        { n: 2, calls: 3 },
      ],
      [
        { n: 9, calls: 4 },
        { n: 9, calls: 4 },
      ],
    ]);
    expect(second.runs[0].differences).toEqual([{ path: "by", old: 1 }]);
    expect(second.runs[1].new).toMatchObject({ status: "failed", error: expect.stringContaining("one") });
    expect(second).toMatchObject({ equal: 1, different: 3 });

    // Its own version gives what it gave, up to the env that it had.
    const first = await replay(started, "tally", {
      version: 1,
      runs: recorded.slice(0, 3).map(({ id }) => id),
    });
    expect(first).toMatchObject({ total: 3, equal: 3, different: 0 });

    // On a copy both versions go on from the four calls that there were, each replay from the same.
    const ids = { runs: [recorded[0].id, recorded[2].id] };
    for (const version of [1, 2, 2]) {
      const copied = await replay(started, "tally", { version, env: "copy", ...ids });
      expect(copied.runs.map((run: { new: { output: { calls: number } } }) => run.new.output.calls)).toEqual([
        5, 6,
      ]);
    }

    // What runs is what is meant where no version is said.
    const unsaid = await replay(started, "tally", ids);
    expect(outputsOf(unsaid)[0]?.[1]).toEqual({ n: 0, calls: 1 });
    expect((await started.ask("POST", "/functions/tally/rollback", { version: 1 })).status).toBe(200);
    const rolledBack = await replay(started, "tally", ids);
    expect(outputsOf(rolledBack)[0]?.[1]).toEqual({ n: 0, calls: 1, by: 1 });

    expect(await storedBy(started)).toEqual(before);
    const replayed = await runsOf(started, "function=tally&trigger=replay", 4 + 3 + 6 + 4);
    const versions = replayed.map(({ versionNumber }) => versionNumber).reverse();
    expect(versions.join("")).toBe("2222 111 112222 2211".replaceAll(" ", ""));
    // The function itself has noticed nothing of it.
    expect(await (await call(started, "tally", { n: 5 })).json()).toEqual({ n: 5, calls: 5, by: 1 });
  });

  test("each shard has an env of its own, fresh or copied", async () => {
    const started = await api.start();
    const lines = ["return {'n': input['n'], 'calls': calls}"];
    await deploy(started, counting("parts", lines, { state: "partition" }));
    for (const [shard, n] of [
      ["a", 0],
      ["b", 1],
      ["a", 2],
      ["a", 3],
    ] as const) {
      expect((await call(started, "parts", { n }, shard)).status).toBe(200);
    }
    await runsOf(started, "function=parts", 4);
    await deploy(started, counting("parts", ["calls *= 10", ...lines], { state: "partition" }));
    const callsOf = ({ runs }: { runs: { new: { output: { calls: number } } }[] }) =>
      runs.map((run) => run.new.output.calls);
    expect(callsOf(await replay(started, "parts", { version: 2 }))).toEqual([10, 10, 20, 30]);
    expect(callsOf(await replay(started, "parts", { version: 2, env: "copy" }))).toEqual([40, 20, 50, 60]);
  });

  test("a version that ends its process or takes too long fails those runs alone", async () => {
    const started = await api.start();
    const lines = ["return {'n': input['n'], 'calls': calls}"];
    await deploy(started, counting("rough", lines));
    for (let n = 0; n < 4; n += 1) await call(started, "rough", { n });
    await runsOf(started, "function=rough", 4);
    const fatal = ["if input['n'] == 1: os._exit(3)", "if input['n'] == 2: time.sleep(60)"];
    await deploy(started, counting("rough", [...fatal, ...lines], { limits: { timeout: "1s" } }));
    const rough = await replay(started, "rough", { version: 2 });
    expect(rough).toMatchObject({ status: "completed", total: 4, done: 4, newFailures: 2 });
    expect(rough.runs.map((run: { new: { status: string } }) => run.new.status)).toEqual([
      "completed",
      "killed",
      "timed-out",
      "completed",
    ]);
    // What an env had was its process's.
    expect(rough.runs[3].new.output).toEqual({ n: 3, calls: 1 });
    const failed = await runsOf(started, "function=rough&trigger=replay", 4);
    expect(failed.map(({ status, attempt }) => [status, attempt]).reverse()).toEqual([
      ["completed", 1],
      ["killed", 1],
      ["timed-out", 1],
      ["completed", 1],
    ]);
  });

  test("a version that cannot be loaded fails the replay, and nothing is run", async () => {
    const started = await api.start();
    await deploy(started, counting("broken", ["return {}"]));
    await call(started, "broken", {});
    await runsOf(started, "function=broken", 1);
    const { files, ...rest } = counting("broken", ["return {}"]);
    await deploy(started, {
      ...rest,
      files: { "handler.py": `raise ValueError('at once')\n${files["handler.py"]}` },
    });
    expect(await replay(started, "broken", { version: 2 })).toMatchObject({
      status: "failed",
      error: expect.stringContaining("at once"),
      done: 0,
      runs: [],
    });
    expect(await replay(started, "broken", { version: 1 })).toMatchObject({ status: "completed", equal: 1 });
  });

  test("integers keep their last digit: in inputs, outputs, records that are redacted, and what is compared", async () => {
    const started = await api.start();
    const { url, token } = started;
    const text = async (method: string, path: string, body?: string): Promise<string> => {
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const response = await fetch(`${url}/api/v1${path}`, { method, headers, ...(body && { body }) });
      return await response.text();
    };
    const lines = ["return {'id': input['id'], 'next': input['id'] + STEP, 'secret': 1}"];
    const version = (step: number) => counting("long", [`STEP = ${step}`, ...lines], { redact: ["secret"] });
    await deploy(started, version(1));
    const id = "9007199254740993";
    const answer = await text("POST", "/functions/long/invocations", `{"input":{"id":${id},"secret":2}}`);
    expect(answer).toContain(`{"id":${id},"next":9007199254740994,"secret":1}`);
    const [run] = await runsOf(started, "function=long", 1);
    const recorded = await text("GET", `/runs/${run.id}`);
    expect(recorded).toContain(`"input":{"id":${id},"secret":"[redacted]"}`);
    expect(recorded).toContain(`"output":{"id":${id},"next":9007199254740994,"secret":"[redacted]"}`);
    expect(await text("GET", "/functions/long/invocations/last-input")).toContain(`{"id":${id},`);
    await deploy(started, version(2));
    const { id: replayed } = await replay(started, "long", { version: 2 });
    expect(await text("GET", `/replays/${replayed}`)).toContain(
      '"differences":[{"path":"next","old":9007199254740994,"new":9007199254740995}]',
    );
  });
});
