import { deadLetterKey } from "@gaugelet/shared/keys";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { DeadLetters } from "../../../src/dead-letters/dead-letters.ts";
import { startFunctions } from "../../integration/functions.ts";
import { useRuntime } from "../../integration/harness.ts";
import { useTopics } from "./topics-under-test.ts";

// Redis before 6.2 has no ZMSCORE.
const runtime = useRuntime(["--rename-command", "ZMSCORE", ""]);
const topics = useTopics(runtime);
const PASSES_ON = "def handler(input, context):\n    return input\n";
const KEEPS = `def handler(input, context):
    context.env.setdefault("seen", []).append(input["n"])
    return {"seen": context.env["seen"]}
`;

test("a chain of topics goes on with Redis 6.0, and leaves second copies out", async () => {
  const from = (topic: string) => [{ topic, start: "oldest" }];
  const started = await startFunctions(runtime, [
    { name: "first", code: PASSES_ON, triggers: from("t"), output: { key: "first", topics: ["u"] } },
    { name: "second", code: KEEPS, triggers: from("u") },
  ]);
  await topics.publish("t", [{ n: 1 }, { n: 2 }], { headers: { "gaugelet-event-id": "one" } });
  await topics.publish("t", [{ n: 3 }]);
  const { seen } = await runtime.output((output) => (output.seen as number[]).includes(3), "second");
  expect(seen).toEqual([1, 3]);
  await waitFor("both names", async () => (await runtime.redis.client.zcard("gaugelet:seen:{second}")) === 2);
  await started.stop();

  // What is known is asked for anew.
  await startFunctions(runtime, [{ name: "second", code: KEEPS, triggers: from("u") }]);
  const [copy] = await topics.engine.peek("u", "oldest", 1);
  await topics.publish("u", [{ n: 4 }], { headers: copy?.headers ?? {} });
  await topics.publish("u", [{ n: 5 }]);
  const after = await runtime.output((output) => (output.seen as number[]).includes(5), "second");
  expect(after.seen).toEqual([1, 3, 5]);
});

test("dead letters are listed from one on without a range that Redis 6.0 does not have", async () => {
  const { client } = runtime.redis;
  const letters = new DeadLetters(client);
  const ids: string[] = [];
  for (const event of ["1", "2", "3"])
    ids.push((await client.xadd(deadLetterKey("f"), "*", "event", event)) ?? "");
  const monitor = await client.monitor();
  const ranges: string[][] = [];
  monitor.on("monitor", (_time: string, args: string[]) => {
    if (args[0]?.toLowerCase() === "xrange") ranges.push(args);
  });
  const listed = await letters.list("f", 5, ids[0]);
  await waitFor("the command", () => ranges.length === 1);
  monitor.disconnect();
  expect(listed.map(({ id }) => id)).toEqual(ids.slice(1));
  expect(ranges[0]?.[2]).toMatch(/^\d+-\d+$/);
});
