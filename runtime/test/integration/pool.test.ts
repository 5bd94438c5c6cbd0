import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Lane } from "../../src/dispatcher/lane.ts";
import { RedisStore } from "../../src/sinks/redis-store.ts";
import { Worker } from "../../src/workers/worker.ts";
import { outputOf, type ServingRuntime, startFunctions, workers } from "./functions.ts";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();
afterEach(() => vi.restoreAllMocks());

const ids = (count: number): number[] => Array.from({ length: count }, (_, id) => id);

/** Takes its time without using the processor: utilization is about calls under way. */
const SLOW = `import os, time
def handler(input, context):
    time.sleep(0.02)
    return {"pid": os.getpid()}
`;
const QUICK_SCALING = {
  scaleUp: { utilization: 0.8, for: "300ms" },
  scaleDown: { idle: "600ms" },
};

/** Keeps several calls under way until it is stopped, or the runtime is. @returns what stops it, which gives every answer. */
function load(started: ServingRuntime, name: string, width: number, shards: readonly string[] = [""]) {
  let isOver = false;
  const answers: Record<string, unknown>[] = [];
  const loops = ids(width).map(async (number) => {
    while (!isOver) {
      const answer = await started.call(name, {}, shards[number % shards.length]);
      if (answer.outcome === "unavailable") return;
      answers.push(outputOf(answer));
    }
  });
  return async (): Promise<Record<string, unknown>[]> => {
    isOver = true;
    await Promise.all(loops);
    return answers;
  };
}

const decisionsOf = ({ log }: ServingRuntime): string[] =>
  log.flatMap(({ msg }) => (msg.startsWith("workers: ") ? [msg] : []));

const untilWorkers = (count: number): Promise<unknown> =>
  waitFor(`${count} workers`, async () => (await workers()).length === count);

const scalings = (started: ServingRuntime, direction: string): Promise<number> =>
  started.metric(`gaugelet_worker_scalings_total{function="f",direction="${direction}"}`);

describe("the number of workers", () => {
  test("doubles while they have no rest, up to the maximum, and goes back to the minimum", async () => {
    const started = await startFunctions(runtime, [
      { name: "f", code: SLOW, state: "none", workers: { min: 1, max: 4, ...QUICK_SCALING } },
    ]);
    await untilWorkers(1);
    const stop = load(started, "f", 16);
    await untilWorkers(4);
    await waitFor("the load to be shown", async () => {
      const utilization = await started.metric('gaugelet_worker_utilization_ratio{function="f"}');
      return utilization > 0.8;
    });
    await waitFor("all of them to be counted", async () => {
      return (await started.metric('gaugelet_workers{function="f",state="ready"}')) === 4;
    });
    const answers = await stop();
    expect(new Set(answers.map(({ pid }) => pid)).size).toBe(4);
    await untilWorkers(1);
    const decisions = decisionsOf(started);
    expect(decisions.slice(0, 2)).toEqual([
      "workers: 1 → 2, utilization stayed above 80 %",
      "workers: 2 → 4, utilization stayed above 80 %",
    ]);
    for (const decision of decisions.slice(2)) {
      expect(decision).toMatch(/^workers: \d → \d, \d had nothing to do for 0\.6 s$/);
    }
    expect(decisions.at(-1)).toMatch(/→ 1,/);
    expect(await scalings(started, "up")).toBe(2);
    expect(await scalings(started, "down")).toBe(decisions.length - 2);
    expect(await started.metric('gaugelet_worker_restarts_total{function="f",cause="exit"}')).toBe(0);
    await waitFor("rest", async () => {
      const utilization = await started.metric('gaugelet_worker_utilization_ratio{function="f"}');
      return utilization === 0;
    });
  });

  test("stays as it is where the load leaves them some rest", async () => {
    const started = await startFunctions(runtime, [
      { name: "f", code: SLOW, state: "none", workers: { min: 1, max: 4, ...QUICK_SCALING } },
    ]);
    // Each call is followed by a rest that is longer.
    for (const _ of ids(20)) {
      outputOf(await started.call("f", {}));
      await sleep(40);
    }
    expect(decisionsOf(started)).toEqual([]);
    expect(await workers()).toHaveLength(1);
  });

  test("has those to spare that the manifest asks for, beside those that work", async () => {
    const started = await startFunctions(runtime, [
      {
        name: "f",
        code: "import time\ndef handler(input, context):\n    time.sleep(input['seconds'])\n    return {}\n",
        state: "none",
        workers: {
          min: 0,
          max: 4,
          spare: 1,
          scaleUp: { for: "1h" },
          scaleDown: { idle: "500ms" },
        },
      },
    ]);
    const first = started.call("f", { seconds: 2 });
    await untilWorkers(2);
    const second = started.call("f", { seconds: 2 });
    await untilWorkers(3);
    outputOf(await first);
    outputOf(await second);
    await untilWorkers(0);
    const decisions = decisionsOf(started);
    expect(decisions[0]).toBe("workers: 0 → 1, an event came");
    expect(decisions[1]).toBe("workers: 1 → 2, 1 busy and 1 to spare");
    expect(decisions[2]).toBe("workers: 2 → 3, 2 busy and 1 to spare");
  });

  test("is 0 where there is nothing to do, and an event starts one, which has the env of the one before", async () => {
    const started = await startFunctions(runtime, [
      {
        name: "f",
        code: `import os
def handler(input, context):
    context.env["n"] = context.env.get("n", 0) + 1
    return {"n": context.env["n"], "pid": os.getpid()}
`,
        workers: { min: 0, max: 1, scaleDown: { idle: "200ms" } },
        triggers: [{ redisKey: "metrics", pollInterval: "200ms" }, { http: true }],
      },
    ]);
    const readiness = `http://127.0.0.1:${started.ports.management}/readyz`;
    await waitFor("it to be ready", async () => (await fetch(readiness)).ok);
    expect(await workers()).toEqual([]);
    const pids = new Set<unknown>();
    for (const n of [1, 2, 3]) {
      const answer = outputOf(await started.call("f", {}));
      expect(answer.n).toBe(n);
      pids.add(answer.pid);
      await untilWorkers(0);
    }
    expect(pids.size).toBe(3);
    await runtime.input({ any: 1 });
    await runtime.output(({ n }) => n === 4, "f");
    await untilWorkers(0);
    expect(await scalings(started, "up")).toBe(4);
    await waitFor("the last decision", async () => (await scalings(started, "down")) === 4);
    expect(await started.metric('gaugelet_worker_restarts_total{function="f",cause="exit"}')).toBe(0);
  });

  test("stays while a worker reads a saved env for longer than a worker may be idle", async () => {
    const started = await startFunctions(runtime, [
      {
        name: "f",
        code: `import time
class Slow:
    def __init__(self):
        self.n = 0
    def __setstate__(self, state):
        time.sleep(1)
        self.n = state["n"]
def handler(input, context):
    slow = context.env.setdefault("slow", Slow())
    slow.n += 1
    return {"n": slow.n}
`,
        workers: { min: 0, max: 1, scaleDown: { idle: "100ms" } },
      },
    ]);
    for (const n of [1, 2]) {
      expect(outputOf(await started.call("f", {}))).toEqual({ n });
      await untilWorkers(0);
    }
    expect(await scalings(started, "up")).toBe(2);
  });

  test("may go to 0 while events come and go, and none is lost", async () => {
    const started = await startFunctions(runtime, [
      {
        name: "f",
        code: `def handler(input, context):
    context.env.setdefault("seen", []).append(input["id"])
    return {"seen": context.env["seen"]}
`,
        workers: { min: 0, max: 1, scaleDown: { idle: "50ms" } },
      },
    ]);
    for (const id of ids(60)) {
      expect(outputOf(await started.call("f", { id }))).toEqual({ seen: ids(id + 1) });
      // Around the moment in which the worker goes.
      await sleep(30 + (id % 10) * 10);
    }
    expect(await scalings(started, "up")).toBeGreaterThan(1);
  });

  test("may go to 0 while one is about to begin with the stored env, which is not lost for it", async () => {
    const started = await startFunctions(runtime, [
      {
        name: "f",
        code: `def handler(input, context):
    context.env["n"] = context.env.get("n", 0) + 1
    return {"n": context.env["n"]}
`,
        workers: { min: 0, max: 1, scaleDown: { idle: "50ms" } },
      },
    ]);
    expect(outputOf(await started.call("f", {}))).toEqual({ n: 1 });
    await untilWorkers(0);
    const stop: Worker["stop"] = Reflect.get(Worker.prototype, "stop");
    let onStop = (): void => {};
    vi.spyOn(Worker.prototype, "stop").mockImplementation(async function (this: Worker) {
      const stopped = stop.call(this);
      onStop();
      await stopped;
    });
    const read: RedisStore["read"] = Reflect.get(RedisStore.prototype, "read");
    let reads = 0;
    vi.spyOn(RedisStore.prototype, "read").mockImplementation(async function (this: RedisStore, ...args) {
      reads += 1;
      // As long as Redis takes, twice, the worker has nothing to do.
      if (reads <= 2) {
        await new Promise<void>((resolve) => {
          onStop = resolve;
        });
      }
      return await read.apply(this, args);
    });
    expect(outputOf(await started.call("f", {}))).toEqual({ n: 2 });
    expect(reads).toBeGreaterThan(2);
  });
});

describe("shards", () => {
  const SHARDS = ids(8).map((number) => `s${number}`);
  const COUNTER = `import os, time
def handler(input, context):
    env = context.env
    env["n"] = env.get("n", 0) + 1
    time.sleep(0.005)
    if input.get("fails"): raise ValueError("no luck")
    return {"shard": context.shard, "n": env["n"], "pid": os.getpid(), "version": 1}
`;

  test("are spread over the workers", async () => {
    const started = await startFunctions(runtime, [
      { name: "f", code: COUNTER, state: "partition", workers: { min: 2, max: 2 } },
    ]);
    await untilWorkers(2);
    await waitFor("both to serve", async () => {
      return (await started.metric('gaugelet_workers{function="f",state="ready"}')) === 2;
    });
    const answers = await Promise.all(
      SHARDS.map(async (shard) => outputOf(await started.call("f", {}, shard))),
    );
    const count = (pid: unknown): number => answers.filter((answer) => answer.pid === pid).length;
    expect(answers.map(({ pid }) => count(pid))).toEqual(SHARDS.map(() => 4));
  });

  test("keep their env and the order of their events while workers come and go", async () => {
    const started = await startFunctions(runtime, [
      { name: "f", code: COUNTER, state: "partition", workers: { min: 1, max: 4, ...QUICK_SCALING } },
    ]);
    const stop = load(started, "f", 2 * SHARDS.length, SHARDS);
    await untilWorkers(4);
    const answers = await stop();
    await untilWorkers(1);
    for (const shard of SHARDS) {
      const last = outputOf(await started.call("f", {}, shard));
      const numbers = [...answers, last]
        .filter((answer) => answer.shard === shard)
        .map(({ n }) => n as number);
      expect(numbers).toEqual(ids(numbers.length).map((id) => id + 1));
    }
  });

  test("have their env when they are called again after long, others in their place meanwhile", async () => {
    const started = await startFunctions(runtime, [
      { name: "f", code: COUNTER, state: "partition", workers: { min: 2, max: 2 } },
    ]);
    // What is in nothing but the worker's memory stays there.
    const fails = { fails: true };
    expect(await started.call("f", fails, "failed")).toMatchObject({ outcome: "error" });
    vi.spyOn(Lane.prototype, "hasRested").mockReturnValue(true);
    const restore = vi.spyOn(Worker.prototype, "restore");
    const shards = ids(40).map((number) => `s${number}`);
    for (const n of [1, 2, 3]) {
      for (const shard of shards) {
        expect(outputOf(await started.call("f", {}, shard))).toMatchObject({ shard, n });
      }
    }
    expect(outputOf(await started.call("f", {}, "failed"))).toMatchObject({ n: 2 });
    const numbers = new Set(restore.mock.calls.map(([{ shard }]) => shard));
    expect(numbers.size).toBeLessThan(shards.length / 2);
  });

  test("use the workers that are added", async () => {
    const started = await startFunctions(runtime, [
      { name: "f", code: COUNTER, state: "partition", workers: { min: 1, max: 4, ...QUICK_SCALING } },
    ]);
    const stop = load(started, "f", SHARDS.length, SHARDS);
    await untilWorkers(4);
    // Each shard calls again and again: what was added must take some of them.
    const pids = new Set<unknown>();
    try {
      await waitFor("calls in all four", async () => {
        const answers = await Promise.all(SHARDS.map((shard) => started.call("f", {}, shard)));
        for (const answer of answers) pids.add(outputOf(answer).pid);
        return pids.size >= 4;
      });
    } finally {
      await stop();
    }
  });

  test("have their env in the new workers when the code changes, whichever worker they were in", async () => {
    const started = await startFunctions(runtime, [
      {
        name: "f",
        code: COUNTER,
        state: "partition",
        workers: { min: 2, max: 2 },
      },
    ]);
    await waitFor("both to serve", async () => {
      return (await started.metric('gaugelet_workers{function="f",state="ready"}')) === 2;
    });
    const before = await workers();
    const heard = new Map<string, Record<string, unknown>[]>(SHARDS.map((shard) => [shard, []]));
    const callAll = () =>
      Promise.all(
        SHARDS.map(async (shard) => heard.get(shard)?.push(outputOf(await started.call("f", {}, shard)))),
      );
    await callAll();
    await runtime.write("f.py", COUNTER.replace('"version": 1', '"version": 2'));
    // Calls go on meanwhile.
    await waitFor("the new version everywhere", async () => {
      await callAll();
      return [...heard.values()].every((answers) => answers.at(-1)?.version === 2);
    });
    await waitFor("two new workers", async () => {
      const pids = await workers();
      return pids.length === 2 && !pids.some((pid) => before.includes(pid));
    });
    await callAll();
    for (const answers of heard.values()) {
      expect(answers.map(({ n }) => n)).toEqual(ids(answers.length).map((id) => id + 1));
      const versions = answers.map(({ version }) => version as number);
      expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    }
    expect(await started.metric('gaugelet_worker_restarts_total{function="f",cause="exit"}')).toBe(0);
  });
});

test("changed code replaces every worker of a function without env, with calls under way", async () => {
  const code = SLOW.replace('{"pid"', '{"version": 1, "pid"');
  const started = await startFunctions(runtime, [
    { name: "f", code, state: "none", workers: { min: 3, max: 3 } },
  ]);
  await untilWorkers(3);
  const stop = load(started, "f", 12);
  // A spare is one of them until it is called so.
  const before = await waitFor("three workers", async () => {
    const pids = await workers();
    return pids.length === 3 && pids;
  });
  await runtime.write("f.py", code.replace('"version": 1', '"version": 2'));
  await waitFor("three new workers", async () => {
    const pids = await workers();
    return pids.length === 3 && !pids.some((pid) => before.includes(pid));
  });
  const answers = await stop();
  expect(answers.some(({ version }) => version === 1)).toBe(true);
  expect(outputOf(await started.call("f", {}))).toMatchObject({ version: 2 });
});

test("changed code whose process ends while it takes over env is tried again", async () => {
  const code = (version: number) => `import os
class Kept:
    n = 0
    def __setstate__(self, state):
        self.__dict__.update(state)
        # The first process of the new version ends here.
        if ${version} == 2 and not os.path.exists("tried"):
            open("tried", "w").close()
            os._exit(3)
def handler(input, context):
    kept = context.env.setdefault("kept", Kept())
    kept.n += 1
    return {"version": ${version}, "n": kept.n}
`;
  const started = await startFunctions(runtime, [{ name: "f", code: code(1), workers: { min: 1, max: 1 } }]);
  expect(outputOf(await started.call("f", {}))).toEqual({ version: 1, n: 1 });
  await runtime.write("f.py", code(2));
  await waitFor("the new version to be refused", () =>
    started.log.some(({ msg }) => /cannot take over env.*ended with exit code 3/.test(msg)),
  );
  const last = await waitFor("the new version", async () => {
    const output = outputOf(await started.call("f", {}));
    return output.version === 2 && output;
  });
  expect(last.n).toBeGreaterThan(1);
});

test("changed code whose process ends each time that it takes over env is tried ever more rarely", async () => {
  const code = (version: number) => `import os
class Kept:
    n = 0
    def __setstate__(self, state):
        if ${version} == 2: os._exit(3)
def handler(input, context):
    context.env.setdefault("kept", Kept()).n += 1
    return {"version": ${version}}
`;
  const started = await startFunctions(runtime, [{ name: "f", code: code(1), workers: { min: 1, max: 1 } }]);
  await started.call("f", {});
  await runtime.write("f.py", code(2));
  const times = await waitFor("five attempts", () => {
    const refusals = started.log.filter(({ msg }) => msg.includes("cannot take over env"));
    return refusals.length >= 5 && refusals.map(({ time }) => time);
  });
  // After 0.1, 0.2, 0.4 and 0.8 s.
  expect((times[4] ?? 0) - (times[3] ?? 0)).toBeGreaterThanOrEqual(800);
});
