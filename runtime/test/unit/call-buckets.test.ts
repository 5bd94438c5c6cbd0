import { expect, test } from "vitest";
import { RuntimeMetrics } from "../../src/observability/metrics.ts";

/** Seconds. The first is the default. */
const USUAL_TIMEOUTS = [30, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600];

test("half of a usual timeout is a bucket, since GaugeletFunctionSlow compares the duration with it", async () => {
  const metrics = new RuntimeMetrics(() => []);
  metrics.duration.tally({ function: "f" });
  const text = await metrics.registry.metrics();
  const buckets = text.matchAll(/^gaugelet_function_duration_seconds_bucket\{le="([\d.]+)"/gm);
  expect([...buckets].map(([, le]) => Number(le))).toEqual(
    expect.arrayContaining(USUAL_TIMEOUTS.map((timeout) => timeout / 2)),
  );
});
