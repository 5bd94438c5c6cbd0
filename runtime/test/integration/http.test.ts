import { expect, test } from "vitest";
import { useRuntime } from "./harness.ts";

const runtime = useRuntime();

test("the status page shows each function and its last error, with what users wrote escaped", async () => {
  const file = await runtime.write(
    "handler.py",
    "def handler(input, context):\n    raise ValueError('<b>bold</b>')\n",
  );
  const configuration = await runtime.write(
    "gaugelet.yaml",
    `functions:
  - { name: bad, description: "Fails <always>", source: ${file}, handler: handler.handler, triggers: [{ redisKey: metrics }] }
`,
  );
  const started = await runtime.start({ GAUGELET_CONFIG: configuration });
  await runtime.input({ n: 1 });
  await started.logged("bold");
  const response = await fetch(`http://127.0.0.1:${started.ports.status}/`);
  const page = await response.text();
  expect(page).toContain("Fails &#60;always&#62;");
  expect(page).toContain("ValueError: &#60;b&#62;bold");
  expect(page).toContain("Traceback");
  expect(page).toContain("Redis key metrics");
  expect(page).toContain(`are on port ${started.ports.management}`);
  expect(page).not.toContain("<b>");
});

test("the management port answers health, readiness and metrics, and says what else there is", async () => {
  const started = await runtime.dropIn("def handler(input, context):\n    return {'n': 1}\n");
  expect(started.ports.status).toBeUndefined();
  const get = (path: string) => fetch(`http://127.0.0.1:${started.ports.management}${path}`);
  expect((await get("/healthz")).status).toBe(200);
  await runtime.input({ n: 1 });
  await runtime.output();
  const ready = await get("/readyz");
  expect([ready.status, await ready.text()]).toEqual([200, "redis: up\nfunction out: ready\n"]);
  const metrics = await (await get("/metrics")).text();
  for (const name of [
    'gaugelet_function_invocations_total{function="out",outcome="ok"} 1',
    'gaugelet_function_duration_seconds_count{function="out"} 1',
    'gaugelet_function_queue_seconds_count{function="out"} 1',
    'gaugelet_worker_start_seconds_count{function="out",how="first"} 1',
    'gaugelet_workers{function="out",state="ready"} 1',
    'gaugelet_worker_memory_bytes{function="out",worker="0"}',
  ]) {
    expect(metrics).toContain(name);
  }
  const missing = await get("/nothing");
  expect([missing.status, await missing.text()]).toEqual([
    404,
    "nothing at /nothing; there is /healthz, /readyz, /metrics\n",
  ]);
});
