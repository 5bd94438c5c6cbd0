import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { outputOf, startFunctions } from "./functions.ts";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();

const NEIGHBOUR = {
  name: "neighbour",
  code: "def handler(input, context):\n    context.env['n'] = context.env.get('n', 0) + 1\n    return {'n': context.env['n']}\n",
};

/** Keeps a little more with each call, as a forgotten list does. */
const PYTHON = `kept = []
def handler(input, context):
    kept.append(bytearray(b"x") * (input["mebibytes"] * 1024 * 1024))
    return {"kept": len(kept)}
`;
const JAVASCRIPT = `const kept = [];
export function handler({ mebibytes }) {
  // Numbers in the heap, 8 bytes each.
  kept.push(Array.from({ length: mebibytes * 131072 }, (_, at) => at + 0.5));
  return { kept: kept.length };
}
`;

// Small pieces leave no memory for the worker itself, large ones leave it enough.
test.each([
  ["python", "none", "process", PYTHON, 4],
  ["python", "none", "process", PYTHON, 24],
  ["python", "function", "process", PYTHON, 8],
  ["python", "none", "sandbox", PYTHON, 8],
  ["javascript", "none", "process", JAVASCRIPT, 8],
] as const)(
  "a leak in %s (state %s, isolation %s) ends at its limit, and its neighbour is called on",
  async (language, state, isolation, code, mebibytes) => {
    const started = await startFunctions(runtime, [
      { name: "leak", code, language, state, isolation, limits: { memory: "128Mi" } },
      NEIGHBOUR,
    ]);
    outputOf(await started.call("neighbour", {}));
    outputOf(await started.call("leak", { mebibytes: 0 }));
    let isOver = false;
    let neighbourCalls = 1;
    const neighbour = (async (): Promise<void> => {
      while (!isOver) {
        neighbourCalls += 1;
        expect(outputOf(await started.call("neighbour", {}))).toEqual({ n: neighbourCalls });
      }
    })();

    // An event that alone is within the limit, again and again: it leaks until there is no more.
    let calls = 0;
    let keptBefore = 0;
    try {
      await waitFor("the limit", async () => {
        const before = neighbourCalls;
        const answer = await started.call("leak", { mebibytes });
        calls += 1;
        // It flows on while the other one leaks.
        await waitFor("a call of the neighbour", () => neighbourCalls > before);
        const { kept } = answer.outcome === "ok" ? outputOf(answer) : { kept: 0 };
        const isEnded = calls > 2 && (kept as number) <= keptBefore;
        keptBefore = kept as number;
        return isEnded;
      });
      expect(calls).toBeLessThan(40);
      // A worker that could still answer ends a moment later.
      await waitFor("the limit to be counted", async () => {
        const hits = 'gaugelet_function_limit_hits_total{function="leak",limit="memory"}';
        return (await started.metric(hits)) >= 1;
      });
      expect(
        started.log.some(({ msg }) => /memory/.test(msg) && /limit/.test(msg) && /raise/.test(msg)),
      ).toBe(true);
      // What it had is given back: it begins anew.
      await waitFor("the function to go on", async () => {
        const answer = await started.call("leak", { mebibytes });
        return answer.outcome === "ok" && (outputOf(answer).kept as number) < 5;
      });
      await waitFor("its worker's end to be counted", async () => {
        return (await started.metric('gaugelet_worker_restarts_total{function="leak",cause="memory"}')) >= 1;
      });
    } finally {
      isOver = true;
      await neighbour;
    }
    expect(await started.metric('gaugelet_worker_restarts_total{function="neighbour",cause="exit"}')).toBe(0);
    expect(
      await started.metric('gaugelet_function_invocations_total{function="neighbour",outcome="ok"}'),
    ).toBe(neighbourCalls);
  },
);
