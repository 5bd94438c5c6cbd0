import { expect, test } from "vitest";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();
const TICKS = `def handler(input, context):
    context.env["ticks"] = context.env.get("ticks", 0) + 1
    return {"ticks": context.env["ticks"], "input": input, "key": context.input_key}
`;

test.each(["200ms", "* * * * * *"])("schedule %s ticks, and keeps env", async (schedule) => {
  const file = await runtime.write("handler.py", TICKS);
  const configuration = await runtime.write(
    "gaugelet.yaml",
    `functions:
  - name: ticker
    source: ${file}
    handler: handler.handler
    triggers: [{ schedule: "${schedule}", timeZone: Europe/Berlin }]
    output: { key: out }
`,
  );
  await runtime.start({ GAUGELET_CONFIG: configuration });
  const output = await runtime.output(({ ticks }) => (ticks as number) >= 3);
  expect(output).toMatchObject({
    key: null,
    input: { schedule, timestamp: expect.stringMatching(/^\d{4}-.*Z$/) },
  });
});

test("a slow function is not called for ticks that have passed", async () => {
  const file = await runtime.write(
    "handler.py",
    `import time\n${TICKS.replace("    return", "    time.sleep(0.5)\n    return")}`,
  );
  const configuration = await runtime.write(
    "gaugelet.yaml",
    `functions:
  - { name: slow, source: ${file}, handler: handler.handler, triggers: [{ schedule: 10ms }], output: { key: out } }
`,
  );
  await runtime.start({ GAUGELET_CONFIG: configuration });
  const third = await runtime.output(({ ticks }) => ticks === 3);
  const { timestamp } = third.input as { timestamp: string };
  // Had ticks queued up, the third call would be given the third tick, 20 ms after the first.
  const first = Date.parse(
    ((await runtime.output(({ ticks }) => (ticks as number) >= 4)).input as { timestamp: string }).timestamp,
  );
  expect(first - Date.parse(timestamp)).toBeGreaterThan(300);
});
