import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { startFunctions } from "../../integration/functions.ts";
import { useRuntime } from "../../integration/harness.ts";
import { useTopics } from "./topics-under-test.ts";

/** Far more than the consumer asks for at once, 8 MiB, and twice. */
const EVENTS = 30_000;
const PADDING = "x".repeat(2_000);
/** What is published together a broker gives whole. */
const AT_ONCE = 500;

const runtime = useRuntime();
const topics = useTopics(runtime, "kafka");
const LAST = "def handler(input, context):\n    return input\n";

/** Publish events with these numbers, named after them. */
async function publish(topic: string, numbers: readonly number[]): Promise<void> {
  const events = numbers.map((n) => ({
    body: Buffer.from(JSON.stringify({ n, padding: PADDING })),
    key: null,
    headers: { "gaugelet-event-id": String(n) },
  }));
  for (let at = 0; at < events.length; at += AT_ONCE) {
    await topics.engine.publish(topic, events.slice(at, at + AT_ONCE));
  }
}

test("events with names are read up to the limits alone while Redis is away, and all are handled then", async () => {
  const t = topics.named("t");
  await topics.make(t);
  const started = await startFunctions(
    runtime,
    // Without a lease, which would be lost where Redis is away for long.
    [
      {
        name: "f",
        code: LAST,
        state: "none",
        workers: { max: 1 },
        triggers: [{ topic: t, start: "oldest" }],
      },
    ],
    topics.environment,
  );
  await publish(t, [0]);
  await runtime.output(({ n }) => n === 0, "f");
  const consumed = async (): Promise<number> =>
    (await started.series("gaugelet_topic_consumed_events_total")).get(`topic="${t}",function="f"`) ?? 0;

  runtime.redis.freeze();
  const numbers = Array.from({ length: EVENTS }, (_, index) => index + 1);
  await publish(t, numbers);
  await waitFor("some that are read", async () => (await consumed()) > 1_000);
  // Time enough to read all.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const read = await consumed();
  runtime.redis.thaw();
  // What was asked for when there were enough comes as well.
  expect(read).toBeLessThan(EVENTS / 2);
  await runtime.output(({ n }) => n === EVENTS, "f");
  expect(await consumed()).toBe(EVENTS + 1);

  // Those that are left out make room, too.
  await publish(t, [...numbers.slice(0, 10_000), EVENTS + 1]);
  await runtime.output(({ n }) => n === EVENTS + 1, "f");
});
