import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "@gaugelet/testing/wait";
import { describe, expect, test } from "vitest";
import { kill, outputOf, startFunctions, workers } from "./functions.ts";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();

/** Ends its process in the way that the event says, and notes each attempt in a file, for a next worker too. */
const POISONED = `import ctypes, os, time
os.umask(0)
def handler(input, context):
    poison = input.get("poison")
    if poison:
        with open(f"attempts-{input['id']}", "a") as file:
            file.write("x")
    if poison == "exit": os._exit(3)
    if poison == "segv": ctypes.string_at(0)
    if poison == "hang": time.sleep(3600)
    return {"id": input["id"]}
`;

const ids = (count: number): number[] => Array.from({ length: count }, (_, id) => id);

async function deadLetters(name: string): Promise<Record<string, string>[]> {
  const entries = await runtime.redis.client.xrange(`gaugelet:dead:${name}`, "-", "+");
  return entries.map(([, fields]) =>
    Object.fromEntries(fields.flatMap((field, at) => (at % 2 === 0 ? [[field, fields[at + 1] ?? ""]] : []))),
  );
}

const position = (key: string, source: string) =>
  runtime.redis.client.hget(`gaugelet:position:{${key}}`, source);

const sha1 = (text: string): string => `sha1:${createHash("sha1").update(text).digest("hex")}`;

describe("an event that ends its worker, among many in flight", () => {
  test.each([
    [
      "exit",
      "killed",
      /^during a call, the function's process ended with exit code 3.*; given up after 3 attempts$/,
    ],
    [
      "segv",
      "killed",
      /^during a call, the function's process crashed with SIGSEGV.*; given up after 3 attempts$/,
    ],
    ["hang", "timeout", /^the handler took longer than its limit of 1s and was ended/],
  ] as const)("by %s is the only one to fail", async (poison, outcome, message) => {
    const started = await startFunctions(runtime, [
      {
        name: "f",
        code: POISONED,
        state: "none",
        limits: { timeout: "1s" },
        workers: { min: 2, max: 2 },
      },
    ]);
    // So that calls are known to be quick, and many are sent ahead.
    await Promise.all(ids(200).map((id) => started.call("f", { id })));
    const heard = new Map<number, number>();
    const answers = await Promise.all(
      ids(400).map(async (id) => {
        const answer = await started.call("f", id === 150 ? { id, poison } : { id });
        heard.set(id, (heard.get(id) ?? 0) + 1);
        return answer;
      }),
    );
    for (const [id, answer] of answers.entries()) {
      if (id === 150) expect(answer).toMatchObject({ outcome, message: expect.stringMatching(message) });
      else expect(outputOf(answer)).toEqual({ id });
    }
    expect([...heard.values()].every((times) => times === 1)).toBe(true);
    const total = (kind: string): Promise<number> =>
      started.metric(`gaugelet_function_invocations_total{function="f",outcome="${kind}"}`);
    expect(await total("ok")).toBe(599);
    expect(await total(outcome)).toBe(outcome === "killed" ? 3 : 1);
    // Whoever waits for an answer has it: nothing is put aside.
    expect(await deadLetters("f")).toEqual([]);
    const restarts = await started.series("gaugelet_worker_restarts_total");
    const cause = outcome === "timeout" ? "timeout" : "exit";
    expect(restarts.get(`function="f",cause="${cause}"`)).toBeGreaterThanOrEqual(1);
    if (outcome === "timeout") {
      expect(await started.metric('gaugelet_function_limit_hits_total{function="f",limit="timeout"}')).toBe(
        1,
      );
    }
  });

  test("is the only one to fail over HTTP, too", async () => {
    const started = await startFunctions(runtime, [
      { name: "f", code: POISONED, state: "none", workers: { min: 2, max: 2 } },
    ]);
    const answers = await Promise.all(
      ids(120).map((id) => started.post("f", id === 60 ? { id, poison: "exit" } : { id })),
    );
    for (const [id, { status, body }] of answers.entries()) {
      if (id === 60) expect([status, body]).toMatchObject([502, { type: "/problems/killed" }]);
      else expect([status, body]).toEqual([200, { id }]);
    }
  });

  test("is found when there are several", async () => {
    const started = await startFunctions(runtime, [
      { name: "f", code: POISONED, state: "none", workers: { min: 1, max: 1 } },
    ]);
    await Promise.all(ids(50).map((id) => started.call("f", { id })));
    const isPoison = (id: number): boolean => id % 40 === 20;
    const answers = await Promise.all(
      ids(120).map((id) => started.call("f", isPoison(id) ? { id, poison: "exit" } : { id })),
    );
    expect(answers.map(({ outcome }) => outcome)).toEqual(
      ids(120).map((id) => (isPoison(id) ? "killed" : "ok")),
    );
  });
});

describe("an event that nobody waits for", () => {
  const MANIFEST = {
    name: "f",
    code: POISONED,
    triggers: [{ redisKey: "in:*", pollInterval: "200ms" }, { http: true }],
  };

  test.each(["none", "function"])(
    "and that ends its worker is put aside with its position, and not run again (state: %s)",
    async (state) => {
      const event = JSON.stringify({ id: 7, poison: "exit" });
      const first = await startFunctions(runtime, [{ ...MANIFEST, state }]);
      await runtime.input({ id: 1 }, "in:good");
      await runtime.output(({ id }) => id === 1, "f");
      await runtime.input(event, "in:bad");
      const [letter, ...others] = await waitFor("the dead letter", async () => {
        const letters = await deadLetters("f");
        return letters.length > 0 ? letters : undefined;
      });
      expect(others).toEqual([]);
      expect(letter).toEqual({
        event,
        error: expect.stringMatching(/exit code 3.*given up after 3 attempts/),
        attempts: "3",
        source: "redis:in:bad",
        outputKey: "f",
        failedAt: expect.stringMatching(/^\d{13}$/),
      });
      expect(await position("f", "redis:in:bad")).toBe(sha1(event));
      await waitFor("the dead letter is counted", async () => {
        const series = 'gaugelet_dead_letter_events_total{topic="",function="f"}';
        return (await first.metric(series)) === 1;
      });
      // The function goes on.
      await runtime.input({ id: 2 }, "in:good");
      await runtime.output(({ id }) => id === 2, "f");
      await first.stop();

      const second = await startFunctions(runtime, [{ ...MANIFEST, state }]);
      await runtime.input({ id: 3 }, "in:good");
      await runtime.output(({ id }) => id === 3, "f");
      expect(await deadLetters("f")).toHaveLength(1);
      expect(second.log.filter(({ msg }) => msg.includes("exit code"))).toEqual([]);
      expect(await runtime.redis.client.exists("gaugelet:env:{f}")).toBe(state === "none" ? 0 : 1);
    },
  );

  test("stays handled although an older one of its key, not stored yet, runs again", async () => {
    const code = `import os, time
def handler(input, context):
    context.env["seen"] = [*context.env.get("seen", []), input["id"]]
    if input.get("poison"): os._exit(3)
    time.sleep(input.get("seconds", 0))
    return {"seen": context.env["seen"]}
`;
    const functions = [{ ...MANIFEST, code }];
    const event = JSON.stringify({ id: 2, poison: true });
    const first = await startFunctions(runtime, functions);
    expect(outputOf(await first.call("f", { id: 0 }))).toEqual({ seen: [0] });
    await runtime.input({ id: 1, seconds: 0.4 }, "in:a");
    await waitFor("the first to run", async () => {
      const busy = await first.metric('gaugelet_function_queue_seconds_count{function="f"}');
      return busy === 2;
    });
    // Sent as soon as the first has answered, and before its env is saved.
    await runtime.input(event, "in:a");
    await waitFor("the dead letter", async () => (await deadLetters("f")).length === 1);
    expect(outputOf(await first.call("f", { id: 3 }))).toEqual({ seen: [0, 1, 3] });
    await runtime.output(({ seen }) => (seen as number[]).length === 3, "f");
    expect(await position("f", "redis:in:a")).toBe(sha1(event));
    await first.stop();
    const second = await startFunctions(runtime, functions);
    expect(outputOf(await second.call("f", { id: 4 }))).toEqual({ seen: [0, 1, 3, 4] });
    expect(await deadLetters("f")).toHaveLength(1);
  });
});

describe("state: function", () => {
  /** Counts, and keeps what it saw; ends its process for some events, the first time that it sees them. */
  const COUNTER = `import os
def handler(input, context):
    env = context.env
    env["n"] = env.get("n", 0) + 1
    env.setdefault("seen", []).append(input["id"])
    if input.get("crash"):
        try:
            os.close(os.open(f"crashed-{input['id']}", os.O_CREAT | os.O_EXCL))
            os._exit(9)
        except FileExistsError:
            pass
    return {"n": env["n"], "seen": env["seen"]}
`;

  test("every event counts once and in order, whatever crashes on the way", async () => {
    const functions = [{ name: "f", code: COUNTER }];
    const first = await startFunctions(runtime, functions);
    const crashes = new Set([0, 77, 78, 250, 499]);
    const answers = await Promise.all(
      ids(500).map((id) => first.call("f", { id, crash: crashes.has(id) || undefined })),
    );
    for (const [id, answer] of answers.entries()) {
      expect(outputOf(answer)).toEqual({ n: id + 1, seen: ids(id + 1) });
    }
    for (const id of crashes) expect(existsSync(join(runtime.folder, `crashed-${id}`))).toBe(true);
    await runtime.output(({ n }) => n === 500, "f");
    await first.stop();

    const second = await startFunctions(runtime, functions);
    expect(outputOf(await second.call("f", { id: 500 }))).toEqual({ n: 501, seen: ids(501) });
  });

  test("events from keys count once and in order of their own, although processes crash", async () => {
    const functions = [
      {
        name: "f",
        code: COUNTER,
        triggers: [{ redisKey: "in:*", pollInterval: "200ms" }, { http: true }],
      },
    ];
    const started = await startFunctions(runtime, functions);
    await started.call("f", { id: -1 });
    for (const id of ids(300)) {
      void runtime.redis.client.set(`in:${id}`, JSON.stringify({ id, crash: id % 100 === 50 || undefined }));
    }
    const { n, seen } = await runtime.output((output) => output.n === 301, "f");
    expect(n).toBe(301);
    expect((seen as number[]).toSorted((a, b) => a - b)).toEqual(ids(301).map((id) => id - 1));
  });

  test("what a handler that raises did to env is kept, and what a crash did is not", async () => {
    const started = await runtime.dropIn(`import os
def handler(input, context):
    context.env.setdefault("seen", []).append(input["id"])
    if input.get("bad"): raise ValueError("bad")
    if input.get("crash"): os._exit(1)
    return {"id": input["id"], "seen": context.env["seen"]}
`);
    await runtime.input({ id: 1, bad: true });
    await started.logged("ValueError: bad");
    await runtime.input({ id: 2 });
    expect(await runtime.output(({ id }) => id === 2)).toMatchObject({ seen: [1, 2] });
    await runtime.input({ id: 3, crash: true });
    await started.logged("given up after 3 attempts");
    await runtime.input({ id: 4 });
    expect(await runtime.output(({ id }) => id === 4)).toMatchObject({ seen: [1, 2, 4] });
  });

  test("a process that ends whenever env is saved does not take the function with it", async () => {
    const code = `import os
class Deadly:
    def __reduce__(self):
        os._exit(5)
def handler(input, context):
    context.env.setdefault("seen", []).append(input["id"])
    if input.get("deadly"): context.env["deadly"] = Deadly()
    return {"seen": context.env["seen"]}
`;
    const started = await startFunctions(runtime, [
      { name: "f", code, triggers: [{ redisKey: "in" }, { http: true }] },
    ]);
    expect(outputOf(await started.call("f", { id: 1 }))).toEqual({ seen: [1] });
    await runtime.input({ id: 2, deadly: true }, "in");
    await started.logged(/exit code 5.*given up after 3 attempts/);
    expect(outputOf(await started.call("f", { id: 3 }))).toEqual({ seen: [1, 3] });
    await runtime.output(({ seen }) => (seen as number[]).length === 2, "f");
    expect(await waitFor("the dead letter", async () => (await deadLetters("f"))[0])).toMatchObject({
      source: "redis:in",
    });
  });

  test("of many calls whose env is saved together only the one that spoils it is given up, and it is put aside", async () => {
    const code = `import os
class Deadly:
    def __reduce__(self):
        os._exit(5)
def handler(input, context):
    context.env.setdefault("seen", []).append(input["id"])
    if input.get("deadly"): context.env["deadly"] = Deadly()
    return {"seen": context.env["seen"]}
`;
    const started = await startFunctions(runtime, [{ name: "f", code }]);
    await Promise.all(ids(50).map((id) => started.call("f", { id })));
    await Promise.all(
      ids(30).map((id) => started.call("f", { id: 50 + id, deadly: id === 15 || undefined })),
    );
    await started.logged(/exit code 5.*given up after 3 attempts/);
    const { seen } = outputOf(await started.call("f", { id: 80 }));
    expect(seen).toEqual(ids(81).filter((id) => id !== 65));
    // Its caller was told that it had succeeded, and is gone.
    const letters = await waitFor("the dead letter", async () => {
      const found = await deadLetters("f");
      return found.length > 0 ? found : undefined;
    });
    expect(letters.map(({ event }) => JSON.parse(event ?? "").id)).toEqual([65]);
  });

  test("events that were answered are not lost when the next process cannot be started", async () => {
    const code = `import time
class Slow:
    def __reduce__(self):
        time.sleep(0.5)
        return (Slow, ())
def handler(input, context):
    context.env["slow"] = Slow()
    context.env.setdefault("seen", []).append(input["id"])
    return {"seen": context.env["seen"]}
`;
    const started = await startFunctions(runtime, [{ name: "f", code }]);
    await started.call("f", { id: 0 });
    await runtime.output(({ seen }) => (seen as number[]).length === 1, "f");
    expect(outputOf(await started.call("f", { id: 1 }))).toEqual({ seen: [0, 1] });
    // It is being saved now. The code is broken, then mended.
    const [pid] = await workers();
    await runtime.write("f.py", "raise ValueError('broken')\n");
    await started.logged("cannot be loaded, the old version stays");
    expect(outputOf(await started.call("f", { id: 2 }))).toEqual({ seen: [0, 1, 2] });
    kill(pid as number);
    await started.logged(/was killed by SIGKILL/);
    await started.logged("cannot load the function: ");
    await runtime.write("f.py", code);
    await runtime.output(({ seen }) => String(seen) === "0,1,2", "f");
  });
});
