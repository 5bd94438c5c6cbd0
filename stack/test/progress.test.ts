import { PassThrough } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Progress } from "../src/progress.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  vi.stubEnv("TERM", "xterm");
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

function newProgress(terminal?: { columns: number }): { progress: Progress; written: () => string } {
  const stream = Object.assign(new PassThrough(), terminal === undefined ? {} : { isTTY: true, ...terminal });
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { progress: new Progress(stream), written: () => text };
}

const ESCAPE = String.fromCharCode(27);
const TOKENS = new RegExp(`${ESCAPE}\\[(\\d+)A\\r${ESCAPE}\\[0J|\\n|[^${ESCAPE}\\n]+`, "g");

/** What a terminal shows after these bytes; it knows the two sequences that are used. */
function screen(bytes: string): string[] {
  let lines: string[] = [""];
  for (const [token, up] of bytes.matchAll(TOKENS)) {
    if (up !== undefined) lines = [...lines.slice(0, lines.length - 1 - Number(up)), ""];
    else if (token === "\n") lines.push("");
    else lines[lines.length - 1] += token;
  }
  return lines;
}

test("elsewhere than on a terminal a step is one line, when it is done", async () => {
  const { progress, written } = newProgress();
  const result = await progress.step("make tea", async () => {
    vi.advanceTimersByTime(1_234);
    return 42;
  });
  expect(result).toBe(42);
  expect(written()).toBe("ok      make tea (1.2 s)\n");
});

test("elsewhere a long step shows that it is alive, and the last that its tool said", async () => {
  const { progress, written } = newProgress();
  await progress.step("make tea", async (step) => {
    step.detail("\u001b[32mboiling\u001b[0m\u0007 water\r");
    vi.advanceTimersByTime(20_000);
    step.result("tea is ready");
  });
  expect(written()).toBe(
    "...     make tea (10 s): boiling water\n...     make tea (20 s): boiling water\nok      tea is ready (20.0 s)\n",
  );
});

test("steps that fail or are stopped say so, and pass their error on", async () => {
  const { progress, written } = newProgress();
  await expect(progress.step("a", () => Promise.reject(new Error("no water")))).rejects.toThrow("no water");
  const stop = AbortSignal.abort();
  await expect(progress.step("b", async () => stop.throwIfAborted())).rejects.toThrow();
  expect(written()).toBe("failed  a (0.0 s)\nstopped b (0.0 s)\n");
});

test("on a terminal running steps are redrawn in place below the lines that stay", async () => {
  const { progress, written } = newProgress({ columns: 40 });
  const tea = Promise.withResolvers<void>();
  const cake = Promise.withResolvers<void>();
  const steps = [
    progress.step("make tea", async (step) => {
      step.detail("a long story about water that does not fit");
      await tea.promise;
    }),
    progress.step("bake a cake", () => cake.promise),
  ];
  vi.advanceTimersByTime(2_040);
  const [first, second, ...rest] = screen(written());
  expect(first).toMatch(/^[-\\|/] {7}make tea \(2 s\): a long story/);
  expect(first).toHaveLength(39);
  expect(second).toMatch(/^[-\\|/] {7}bake a cake \(2 s\)$/);
  expect(rest).toEqual([""]);
  progress.line("the doorbell rings");
  tea.resolve();
  await steps[0];
  expect(screen(written()).slice(0, 2)).toEqual(["the doorbell rings", "ok      make tea (2.0 s)"]);
  expect(screen(written())[2]).toContain("bake a cake (2 s)");
  cake.resolve();
  await steps[1];
  expect(screen(written())).toEqual([
    "the doorbell rings",
    "ok      make tea (2.0 s)",
    "ok      bake a cake (2.0 s)",
    "",
  ]);
});

test("a terminal that knows no cursor movements gets plain lines", async () => {
  vi.stubEnv("TERM", "dumb");
  const { progress, written } = newProgress({ columns: 40 });
  await progress.step("make tea", async () => void vi.advanceTimersByTime(1_000));
  expect(written()).toBe(stripVTControlCharacters(written()));
  expect(written()).toBe("ok      make tea (1.0 s)\n");
});
