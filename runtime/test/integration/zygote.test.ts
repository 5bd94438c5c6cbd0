import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { kill, outputOf, startFunctions, workers, zygote } from "./functions.ts";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();

const COUNTER = `def handler(input, context):
    context.env.setdefault("seen", []).append(input["id"])
    return {"id": input["id"], "seen": context.env["seen"]}
`;
const JAVASCRIPT_COUNTER = `export function handler(input, context) {
  (context.env.seen ??= []).push(input.id);
  return { id: input.id, seen: context.env.seen };
}
`;
const ids = (count: number): number[] => Array.from({ length: count }, (_, id) => id);

test("when what workers are forked from is killed, all of them come back by themselves, and no event is lost", async () => {
  const started = await startFunctions(runtime, [
    { name: "none", code: COUNTER, state: "none", workers: { min: 2, max: 2 } },
    { name: "counter", code: COUNTER },
    { name: "script", code: JAVASCRIPT_COUNTER, language: "javascript" },
  ]);
  const names = ["none", "counter", "script"];
  await Promise.all(names.map((name) => started.call(name, { id: 0 })));
  const untilAllServe = (): Promise<unknown> =>
    waitFor("all workers to serve", async () => {
      const counts = await started.series("gaugelet_workers");
      return String(names.map((name) => counts.get(`function="${name}",state="ready"`))) === "2,1,1";
    });
  await untilAllServe();
  const before = { zygote: await zygote(), workers: await workers() };
  // Each event as soon as the one before it is answered, past the death of everything under it.
  const calls = names.map(async (name) => {
    for (const id of ids(300).slice(1)) outputOf(await started.call(name, { id }));
  });
  await waitFor("some calls", async () => {
    const ok = await started.metric('gaugelet_function_invocations_total{function="counter",outcome="ok"}');
    return ok > 50;
  });
  kill(before.zygote as number);
  await Promise.all(calls);
  await untilAllServe();
  expect(await zygote()).not.toBe(before.zygote);
  expect((await workers()).some((pid) => before.workers.includes(pid))).toBe(false);
  for (const name of ["counter", "script"]) {
    const { seen } = await runtime.output(({ seen }) => (seen as number[]).length >= 300, name);
    expect(seen).toEqual(ids(300));
  }
  const starts = await started.series("gaugelet_worker_start_seconds_count");
  const startsOf = (name: string): number =>
    (starts.get(`function="${name}",how="first"`) ?? 0) + (starts.get(`function="${name}",how="fork"`) ?? 0);
  expect(names.map(startsOf)).toEqual([4, 2, 2]);
  const restarts = await started.series("gaugelet_worker_restarts_total");
  expect(names.map((name) => restarts.get(`function="${name}",cause="exit"`))).toEqual([2, 1, 1]);
});

test("why what workers are forked from has ended is told once, and of one that is to end nothing", async () => {
  const started = await startFunctions(runtime, [
    { name: "none", code: COUNTER, state: "none", workers: { min: 2, max: 2 } },
  ]);
  const told = (): string[] =>
    started.log.map(({ msg }) => msg).filter((msg) => msg.startsWith("the Python that workers are forked"));
  const loaded = (): number => started.log.filter(({ msg }) => msg.startsWith("function loaded in")).length;
  // One that is being started then says itself why it was not.
  await waitFor("both workers", () => loaded() === 2);
  kill((await zygote()) as number);
  await waitFor("what is told of it", () => told().length > 0);
  outputOf(await started.call("none", { id: 1 }));
  await started.stop();
  expect(told()).toEqual([
    "the Python that workers are forked from was killed by SIGKILL, from outside or because the machine" +
      " ran out of memory; they end with it, and all are started anew",
  ]);
});

test("a program that a function started does not outlive what workers are forked from", async () => {
  const started = await startFunctions(runtime, [
    {
      name: "f",
      code: `import subprocess
def handler(input, context):
    return {"pid": subprocess.Popen(["sleep", "3600"], start_new_session=True).pid}
`,
    },
  ]);
  const { pid } = outputOf(await started.call("f", {}));
  expect(kill(pid as number, "SIGCONT")).toBe(true);
  kill((await zygote()) as number);
  try {
    await waitFor("the program to end", () => !kill(pid as number, "SIGCONT"));
  } finally {
    kill(pid as number);
  }
});

test("when it is killed as soon as it is there, again and again, it comes back all the same", async () => {
  const started = await startFunctions(runtime, [{ name: "f", code: COUNTER }]);
  const killed = new Set<number>();
  while (killed.size < 3) {
    const pid = await waitFor("another one", async () => {
      const found = await zygote();
      return found !== undefined && !killed.has(found) && found;
    });
    kill(pid);
    killed.add(pid);
  }
  const answered = await waitFor("an answer", async () => {
    const answer = await started.call("f", { id: 1 });
    return answer.outcome === "ok" && outputOf(answer);
  });
  expect(answered).toEqual({ id: 1, seen: [1] });
});

test("a module that is to be preloaded and is not there is told, and the others are loaded", async () => {
  const started = await startFunctions(
    runtime,
    [
      {
        name: "f",
        code: `import sys
before = "colorsys" in sys.modules
def handler(input, context):
    return {"before": before}
`,
      },
    ],
    { GAUGELET_PRELOAD: "no_such_module,colorsys" },
  );
  expect(outputOf(await started.call("f", {}))).toEqual({ before: true });
  expect(JSON.stringify(await started.logged("workers are forked from a process"))).toContain(
    '"missing":["no_such_module"]',
  );
});

test("a worker that comes later is forked, and each start is measured by how it came to be", async () => {
  const started = await startFunctions(runtime, [
    { name: "early", code: COUNTER },
    { name: "late", code: COUNTER, workers: { min: 0, max: 1 } },
  ]);
  for (const name of ["early", "late"]) outputOf(await started.call(name, { id: 1 }));
  expect(await started.series("gaugelet_worker_start_seconds_count")).toEqual(
    new Map([
      ['function="early",how="first"', 1],
      ['function="late",how="fork"', 1],
    ]),
  );
  const memory = await started.series("gaugelet_worker_memory_bytes");
  expect([...memory.keys()].toSorted()).toEqual([
    'function="early",worker="0"',
    'function="late",worker="0"',
  ]);
  for (const bytes of memory.values()) expect(bytes).toBeGreaterThan(4 * 1024 ** 2);
});
