import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { startFunctions } from "../../integration/functions.ts";
import { ROOT, useRuntime } from "../../integration/harness.ts";
import { useTopics } from "./topics-under-test.ts";

const runtime = useRuntime();
const topics = useTopics(runtime);
const FAILS = `def handler(input, context):
    raise ValueError("no luck")
`;
const KEEPS = "def handler(input, context):\n    return input\n";

test.each(["none", "function"])(
  "whoever reads the log finds the dead letter, with state: %s",
  async (state) => {
    const trigger = { topic: "t", start: "oldest", retries: { attempts: 2, backoff: { from: "10ms" } } };
    const started = await startFunctions(runtime, [{ name: "f", code: FAILS, state, triggers: [trigger] }]);
    const [position] = await topics.publish("t", [{ n: 1 }]);
    const line = await started.logged(
      'event given up after 2 attempts: a dead letter now, which "topics dead f" shows',
    );
    expect(line).toMatchObject({
      level: "error",
      function: "f",
      topic: "t",
      partition: "0",
      offset: position,
    });
  },
);

test("a topic that is not there yet is no error, and is told when it is there", async () => {
  const started = await startFunctions(runtime, [{ name: "f", code: KEEPS, triggers: [{ topic: "t" }] }]);
  const line = await started.logged("not all topics can be read, trying on: topic t does not exist");
  expect(line.level).toBe("warn");
  await topics.publish("t", [{ n: 1 }]);
  await started.logged("all topics can be read");
  await runtime.output(({ n }) => n === 1, "f");
});

test("a paused trigger's function falls behind, and that can be seen", async () => {
  const started = await startFunctions(runtime, [
    { name: "f", code: KEEPS, triggers: [{ topic: "t", start: "oldest" }] },
  ]);
  await topics.publish("t", [{ n: 1 }]);
  await runtime.output(({ n }) => n === 1, "f");
  const file = join(runtime.folder, "gaugelet.yaml");
  const text = await readFile(file, "utf8");
  await writeFile(file, text.replace('"topic":"t"', '"topic":"t","paused":true'));
  await started.reload();
  await topics.publish("t", [{ n: 2 }, { n: 3 }]);
  await waitFor("the lag", async () => {
    const lags = await started.series("gaugelet_topic_lag_events");
    return lags.get('topic="t",function="f"') === 2;
  });
  await writeFile(file, text);
  await started.reload();
  await runtime.output(({ n }) => n === 3, "f");
});

test("the status page says of a standby who the owner is", async () => {
  const function_ = { name: "f", code: KEEPS, triggers: [{ topic: "t" }] };
  await startFunctions(runtime, [function_]);
  await waitFor(
    "an owner",
    async () => (await runtime.redis.client.hget("gaugelet:lease:{f}", "owner")) !== null,
  );
  const second = await startFunctions(runtime, [function_]);
  await second.logged(/another runtime owns the function/);
  const page = await (await fetch(`http://127.0.0.1:${second.ports.status}/`)).text();
  expect(page).toMatch(/<dt>Standing by<\/dt><dd>owned by another runtime: process \d+ on /);
});

test("the fields of a dead letter are those that are documented", async () => {
  const trigger = { topic: "t", start: "oldest", retries: { attempts: 1 } };
  await startFunctions(runtime, [{ name: "f", code: FAILS, triggers: [trigger] }]);
  await topics.publish("t", [{ n: 1 }], { key: "k" });
  const [letter] = await waitFor("a dead letter", async () => {
    const letters = await topics.deadLetters("f");
    return letters.length > 0 && letters;
  });
  const page = await readFile(join(ROOT, "docs/reference/topics.md"), "utf8");
  const section = page.split(/^## /m).find((each) => each.startsWith("Dead letters\n")) ?? "";
  const documented = [...section.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name);
  expect(new Set(documented)).toEqual(new Set(Object.keys(letter ?? {})));
});
