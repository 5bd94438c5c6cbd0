import { expect, test } from "vitest";
import { FunctionMetrics } from "../../src/observability/function-metrics.ts";
import { RuntimeMetrics } from "../../src/observability/metrics.ts";
import { UsageMeter } from "../../src/usage/usage-meter.ts";
import { LIMITS } from "../../src/workers/protocol.ts";
import { START_METHODS } from "../../src/workers/transport.ts";

/** Have a function show all that it can. */
function showAll(name: string, metrics: RuntimeMetrics, meter: UsageMeter): void {
  const tally = meter.tallyOf({ owner: "ada", name, class: "standard" });
  const own = new FunctionMetrics(name, metrics, tally);
  own.bound(["read"]);
  own.published("written", 1);
  own.retried("delayed");
  own.deadLettered([{ topic: "" }, { topic: "dead" }]);
  own.sent(0.001);
  own.used({ billedMilliseconds: 1, mebibyteMilliseconds: 1, cpuMicroseconds: 1 });
  own.scaled("up");
  for (const limit of LIMITS) {
    own.limitReached(limit);
    own.restarted(limit);
  }
  for (const startMethod of START_METHODS) own.started({ startMethod, startSeconds: 0.01, memoryBytes: 1 });
}

test("nothing is shown of a function that is gone, and all of the others", async () => {
  const meter = new UsageMeter(() => undefined);
  const metrics = new RuntimeMetrics(
    () => [],
    () => [],
    meter,
  );
  const of = async (name: string) =>
    (await metrics.registry.metrics()).split("\n").filter((line) => line.includes(`function="${name}"`));
  showAll("stays", metrics, meter);
  const before = await of("stays");
  showAll("goes", metrics, meter);
  expect(await of("goes")).toHaveLength(before.length);
  metrics.forget("goes");
  expect(await of("goes")).toEqual([]);
  expect(await of("stays")).toEqual(before);
  // One that comes again begins with nothing.
  showAll("goes", metrics, meter);
  expect(await of("goes")).toEqual(before.map((line) => line.replace("stays", "goes")));
});
