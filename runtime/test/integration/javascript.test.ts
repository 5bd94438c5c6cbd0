import { waitFor } from "@gaugelet/testing/wait";
import { describe, expect, test } from "vitest";
import { kill, outputOf, startFunctions, workers } from "./functions.ts";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();

/** What real functions keep, with a type that JSON has not. */
const JAVASCRIPT = `export function handler(input, context) {
  const { env } = context;
  env.since ??= new Date(0);
  env.seen ??= new Set();
  env.seen.add(input.n);
  const typed = env.since instanceof Date && env.seen instanceof Set;
  return { n: input.n, seen: [...env.seen], typed, key: context.input_key, pid: process.pid };
}
`;
const TYPESCRIPT = `interface Env { since?: Date; seen?: Set<number> }
export async function handler(input: { n: number }, context: { env: Env; input_key: string | null }) {
  const { env } = context;
  env.since ??= new Date(0);
  env.seen ??= new Set<number>();
  await new Promise((resolve) => setTimeout(resolve, 1));
  env.seen.add(input.n);
  const typed: boolean = env.since instanceof Date && env.seen instanceof Set;
  return { n: input.n, seen: [...env.seen], typed, key: context.input_key, pid: process.pid };
}
`;

describe.each([
  ["javascript", JAVASCRIPT, "f.mjs"],
  ["typescript", TYPESCRIPT, "f.ts"],
] as const)("a function in %s", (language, code, file) => {
  const FUNCTION = {
    name: "f",
    code,
    language,
    triggers: [{ redisKey: "metrics", pollInterval: "200ms" }, { http: true }],
  };

  test("is called for a key and over HTTP, and its env comes back after a crash and a restart", async () => {
    const first = await startFunctions(runtime, [FUNCTION]);
    await runtime.input({ n: 1 });
    const stored = await runtime.output(({ n }) => n === 1, "f");
    expect(stored).toMatchObject({ seen: [1], typed: true, key: "metrics" });
    expect(await first.post("f", { n: 2 })).toEqual({
      status: 200,
      body: { n: 2, seen: [1, 2], typed: true, key: null, pid: stored.pid },
    });
    kill(stored.pid as number);
    await first.logged(/was killed by SIGKILL/);
    expect(outputOf(await first.call("f", { n: 3 }))).toMatchObject({ seen: [1, 2, 3], typed: true });
    await runtime.output(({ n }) => n === 3, "f");
    const starts = await first.series("gaugelet_worker_start_seconds_count");
    expect([...starts.values()].reduce((sum, count) => sum + count, 0)).toBe(2);
    expect(await first.metric('gaugelet_worker_restarts_total{function="f",cause="exit"}')).toBe(1);
    await first.stop();

    const second = await startFunctions(runtime, [FUNCTION]);
    expect(outputOf(await second.call("f", { n: 4 }))).toMatchObject({ seen: [1, 2, 3, 4], typed: true });
  });

  test("is replaced when its code changes, with its env", async () => {
    const started = await startFunctions(runtime, [FUNCTION]);
    expect(outputOf(await started.call("f", { n: 1 }))).toMatchObject({ seen: [1] });
    await runtime.write(file, code.replace("n: input.n,", "n: input.n, version: 2,"));
    await started.logged("the function changed; the new version took over");
    expect(outputOf(await started.call("f", { n: 2 }))).toMatchObject({ version: 2, seen: [1, 2] });
    await runtime.write(file, "export function handler( {");
    await started.logged(/the function changed but cannot be loaded, the old version stays/);
    expect(outputOf(await started.call("f", { n: 3 }))).toMatchObject({ version: 2, seen: [1, 2, 3] });
  });
});

test("what a function in JavaScript writes is logged, with its level", async () => {
  const started = await startFunctions(runtime, [
    {
      name: "f",
      language: "javascript",
      environment: { LOG_LEVEL: "debug" },
      code: `export function handler(input) {
  console.debug("a detail");
  console.log("a fact");
  console.warn("a doubt");
  console.error("a fault");
  process.stdout.write("plain\\n");
  return input;
}
`,
    },
  ]);
  await started.call("f", { n: 1 });
  for (const [text, level] of [
    ["a detail", "debug"],
    ["a fact", "info"],
    ["a doubt", "warn"],
    ["a fault", "error"],
    ["plain", "info"],
  ] as const) {
    expect(await started.logged(text)).toMatchObject({ level, function: "f" });
  }
});

const PROXY = "new Proxy({}, { getPrototypeOf() { throw new Error('looked at') } })";

test.each([
  ["thrown", "throw proxy;"],
  ["rejected", "return Promise.reject(proxy);"],
])(
  "what cannot even be looked at, %s by a function in JavaScript, ends that call alone",
  async (_how, end) => {
    const code = `const proxy = ${PROXY};
export function handler({ what }) {
  if (what === "proxy") ${end}
  return { pid: process.pid };
}
`;
    const started = await startFunctions(runtime, [{ name: "f", language: "javascript", code }]);
    const { pid } = outputOf(await started.call("f", {}));
    expect(await started.call("f", { what: "proxy" })).toMatchObject({
      outcome: "error",
      message: "an error that cannot be shown",
    });
    expect(outputOf(await started.call("f", {}))).toEqual({ pid });
  },
);

test.each([
  ["javascript", "await new Promise(() => {});", /'f' failed: a top-level await never settles/],
  ["javascript", `throw ${PROXY};`, /'f' failed: an error that cannot be shown/],
  [
    "typescript",
    'import { One } from "./types.ts";',
    /f\.ts, line 1: .* an export named 'One'; where One is a type, write `import \{ type One \} from "\.\/types\.ts"`/,
  ],
  ["typescript", 'export { One } from "./types.ts";', /write `export \{ type One \} from/],
] as const)(
  "a module in %s that begins with %s is refused with the reason",
  async (language, line, reason) => {
    await runtime.write("types.ts", "export interface One { n: number }\n");
    const code = `${line}\nexport const handler = () => ({});\n`;
    const started = await startFunctions(runtime, [{ name: "f", language, code }]);
    await started.logged(reason);
  },
);

test("a module in JavaScript may wait for what comes", async () => {
  const code = `const value = await new Promise((resolve) => setTimeout(resolve, 50, 7));
export const handler = () => ({ value });
`;
  const started = await startFunctions(runtime, [{ name: "f", language: "javascript", code }]);
  expect(outputOf(await started.call("f", {}))).toEqual({ value: 7 });
});

describe("a limit of a function in JavaScript", () => {
  const LIMITED = `import { writeFileSync } from "node:fs";
const kept = [];
export async function handler({ what }) {
  if (what === "hang") for (;;);
  if (what === "wait") await new Promise(() => setTimeout(() => {}, 3_600_000));
  if (what === "output") return { text: "x".repeat(5000) };
  if (what === "memory") for (;;) kept.push(Array.from({ length: 100_000 }, (_, at) => ({ at })));
  if (what === "abort") process.abort();
  return { what };
}
`;

  test.each([
    ["hang", "timeout", /took longer than its limit of 1s/, "timeout"],
    ["wait", "timeout", /took longer than its limit of 1s/, "timeout"],
    ["output", "error", /output .*limit of 4,096|4,096|4 ?Ki/, "output"],
    ["memory", "killed", /used more memory than its limit of 128/, "memory"],
    ["abort", "killed", /crashed with SIGABRT/, undefined],
  ] as const)("%s ends that call alone, and says so", async (what, outcome, message, limit) => {
    const started = await startFunctions(runtime, [
      {
        name: "f",
        language: "javascript",
        code: LIMITED,
        state: "none",
        // Ending for lack of memory takes V8 seconds on a busy machine.
        limits: { timeout: outcome === "timeout" ? "1s" : "30s", output: "4Ki", memory: "128Mi" },
      },
    ]);
    const [before, limited, after] = await Promise.all(
      ["before", what, "after"].map((each) => started.call("f", { what: each })),
    );
    expect(limited).toMatchObject({ outcome, message: expect.stringMatching(message) });
    expect(before).toMatchObject({ outcome: "ok" });
    expect(after).toMatchObject({ outcome: "ok" });
    if (limit === undefined) return;
    const series = `gaugelet_function_limit_hits_total{function="f",limit="${limit}"}`;
    expect(await started.metric(series)).toBeGreaterThanOrEqual(1);
    if (outcome === "error") return;
    const restarts = `gaugelet_worker_restarts_total{function="f",cause="${limit}"}`;
    expect(await started.metric(restarts)).toBeGreaterThanOrEqual(1);
  });
});

test("Python and JavaScript functions make a chain", async () => {
  await startFunctions(runtime, [
    {
      name: "first",
      code: "def handler(input, context):\n    return {'n': input['n'] + 1}\n",
      triggers: [{ redisKey: "metrics" }],
    },
    {
      name: "second",
      language: "typescript",
      code: "export const handler = ({ n }: { n: number }) => ({ n: n * 2 });\n",
      triggers: [{ redisKey: "first" }],
    },
  ]);
  await waitFor("both workers", async () => (await workers()).length === 2);
  await runtime.input({ n: 4 });
  await runtime.output(({ n }) => n === 10, "second");
});
