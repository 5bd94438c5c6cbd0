import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
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

test("a site whose name leads here neither reads the page nor calls a function, where no token is asked for", async () => {
  const file = await runtime.write("handler.py", "def handler(input, context):\n    return {'n': 1}\n");
  const configuration = await runtime.write(
    "gaugelet.yaml",
    `functions: [{ name: f, source: ${file}, handler: handler.handler, triggers: [{ http: true }] }]`,
  );
  /** @returns the statuses of the page, and of a call from it */
  const under = async (host: string, port: number | undefined): Promise<readonly (number | undefined)[]> => {
    const named = `${host}:${port}`;
    const ask = async (
      method: string,
      path: string,
      headers = {},
      body = "",
    ): Promise<number | undefined> => {
      const sent = request({ host: "127.0.0.1", port, path, method, headers: { ...headers, host: named } });
      sent.end(body);
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    const call = await ask("POST", "/functions/f", { origin: `http://${named}` }, "{}");
    return [await ask("GET", "/"), call];
  };
  const local = await runtime.start({ GAUGELET_CONFIG: configuration });
  for (const host of ["localhost", "127.0.0.1", "[::1]", "a.localhost"]) {
    expect([host, ...(await under(host, local.ports.status))]).toEqual([host, 200, 200]);
  }
  for (const host of ["evil.example", "localhost.evil.example", ""]) {
    expect([host, ...(await under(host, local.ports.status))]).toEqual([host, 403, 403]);
  }
  await local.stop();
  const opened = await runtime.start({ GAUGELET_CONFIG: configuration, GAUGELET_CALLS: "open" });
  expect(await under("runtime.example", opened.ports.status)).toEqual([200, 200]);
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
