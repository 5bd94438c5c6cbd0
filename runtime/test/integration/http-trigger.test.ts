import { waitFor } from "@gaugelet/testing/wait";
import { describe, expect, test } from "vitest";
import { type StartedRuntime, useRuntime } from "./harness.ts";

const runtime = useRuntime();

/** One function `f` with an HTTP trigger, and where its calls go. */
async function serving(
  source: string,
  manifest = "",
): Promise<{ started: StartedRuntime; call: (body: string, query?: string) => Promise<Response> }> {
  const file = await runtime.write("handler.py", source);
  const configuration = await runtime.write(
    "gaugelet.yaml",
    `functions: [{ name: f, source: ${file}, handler: handler.handler, triggers: [{ http: true }], output: { key: out }, ${manifest} }]`,
  );
  const started = await runtime.start({ GAUGELET_CONFIG: configuration, GAUGELET_PRELOAD: "" });
  const url = `http://127.0.0.1:${started.ports.status}/functions/f`;
  return { started, call: (body, query = "") => fetch(`${url}${query}`, { method: "POST", body }) };
}

const problemOf = async (response: Response) => (await response.json()) as Record<string, unknown>;

describe("a call over HTTP", () => {
  test("answers with what the handler returned, and stores it", async () => {
    const { started, call } = await serving(
      "def handler(input, context):\n    return {'twice': input['n'] * 2, 'key': context.input_key}\n",
    );
    const response = await call('{"n": 21}');
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(await response.json()).toEqual({ twice: 42, key: null });
    expect(await runtime.output()).toEqual({ twice: 42, key: null });
    await waitFor("the call is counted", async () => {
      const series = 'gaugelet_function_invocations_total{function="f",outcome="ok"}';
      return (await started.metric(series)) === 1;
    });
    const page = await (await fetch(`http://127.0.0.1:${started.ports.status}/`)).text();
    expect(page).toContain("HTTP POST /functions/f");
  });

  test("sees the env of the call before it, in order", async () => {
    const { call } = await serving(
      "def handler(input, context):\n    context.env['n'] = context.env.get('n', 0) + 1\n    return {'n': context.env['n'], 'id': input['id']}\n",
    );
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, id) => (await call(`{"id": ${id}}`)).json()),
    );
    const counts = (answers as { n: number; id: number }[]).map(({ n }) => n);
    expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect((answers as { id: number }[]).map(({ id }) => id)).toEqual(
      Array.from({ length: 20 }, (_, id) => id),
    );
  });

  test("keeps an env for each shard, and an output", async () => {
    const { call } = await serving(
      "def handler(input, context):\n    context.env['n'] = context.env.get('n', 0) + 1\n    return {'n': context.env['n'], 'key': context.output_key}\n",
      "state: partition",
    );
    const results: unknown[] = [];
    for (const shard of ["a", "b", "a"]) results.push(await (await call("{}", `?shard=${shard}`)).json());
    expect(results).toEqual([
      { n: 1, key: "out:a" },
      { n: 1, key: "out:b" },
      { n: 2, key: "out:a" },
    ]);
    await runtime.output(({ n }) => n === 2, "out:a");
    await runtime.output(({ n }) => n === 1, "out:b");
  });

  test("whose handler raises is answered with the error and its traceback, and the next one is well", async () => {
    const { call } = await serving(
      "def handler(input, context):\n    if 'n' not in input:\n        raise ValueError('no n')\n    return input\n",
    );
    const response = await call("{}");
    expect(response.status).toBe(500);
    expect(await problemOf(response)).toEqual({
      type: "/problems/error",
      title: "The function failed",
      status: 500,
      detail: expect.stringContaining("ValueError: no n"),
      traceback: expect.stringMatching(/Traceback(.|\n)*handler\.py/),
    });
    expect((await call('{"n": 1}')).status).toBe(200);
  });

  test.each(["", "{", "[1]", "5", "\u0000"])("with an event that is none is refused: %j", async (event) => {
    const { call } = await serving("def handler(input, context):\n    return {}\n");
    const response = await call(event);
    expect([response.status, await problemOf(response)]).toMatchObject([400, { type: "/problems/rejected" }]);
  });

  test("that takes longer than its limit is ended, and the next one is well", async () => {
    const { call } = await serving(
      "import time\ndef handler(input, context):\n    time.sleep(input['seconds'])\n    return {}\n",
      "limits: { timeout: 300ms }",
    );
    const response = await call('{"seconds": 60}');
    expect([response.status, await problemOf(response)]).toMatchObject([504, { type: "/problems/timeout" }]);
    expect((await call('{"seconds": 0}')).status).toBe(200);
  });

  test("that ends its process is answered, and the next one is well", async () => {
    const { call } = await serving(
      "import os, signal\ndef handler(input, context):\n    if input.get('die'):\n        os.kill(os.getpid(), signal.SIGKILL)\n    return {}\n",
    );
    const response = await call('{"die": true}');
    expect([response.status, await problemOf(response)]).toMatchObject([502, { type: "/problems/killed" }]);
    expect((await call("{}")).status).toBe(200);
  });

  test("of a function that cannot be loaded is told so", async () => {
    const { started, call } = await serving("import no_such_module\n");
    await started.logged("no_such_module");
    const response = await call("{}");
    expect([response.status, await problemOf(response)]).toMatchObject([
      500,
      {
        type: "/problems/load-failed",
        detail: expect.stringContaining("no_such_module"),
        traceback: expect.stringContaining("ModuleNotFoundError"),
      },
    ]);
    expect(response.headers.get("retry-after")).toBeNull();
  });

  test("with a schema never reaches the handler with an event that fails it", async () => {
    const { started, call } = await serving(
      "def handler(input, context):\n    return input\n",
      "input: { type: object, required: [n], properties: { n: { type: number } } }",
    );
    const response = await call('{"n": "1"}');
    expect([response.status, await problemOf(response)]).toMatchObject([
      422,
      { type: "/problems/invalid-input", errors: [{ pointer: "#/n", detail: "must be number" }] },
    ]);
    expect((await call('{"n": 1}')).status).toBe(200);
    expect(await started.metric('gaugelet_function_invocations_total{function="f",outcome="error"}')).toBe(0);
  });

  test("with an idempotency key is answered when its output is stored", async () => {
    const { started } = await serving("def handler(input, context):\n    return {'n': input['n']}\n");
    const url = `http://127.0.0.1:${started.ports.status}/functions/f`;
    for (let n = 1; n <= 20; n += 1) {
      const headers = { "idempotency-key": `call-${n}` };
      const response = await fetch(url, { method: "POST", body: `{"n": ${n}}`, headers });
      expect(await response.json()).toEqual({ n });
      expect(await runtime.redis.client.get("out")).toBe(`{"n":${n}}`);
    }
  });
});

test("calls under way are answered when the runtime stops", async () => {
  const { started, call } = await serving(
    "import time\ndef handler(input, context):\n    print('called', flush=True)\n    time.sleep(0.5)\n    return {'n': 1}\n",
  );
  const response = call("{}");
  await started.logged("called");
  await started.stop();
  expect(await (await response).json()).toEqual({ n: 1 });
  expect(await runtime.redis.client.get("out")).toBe('{"n":1}');
});

test("calls that wait are told so when the runtime stops in a call that takes too long", async () => {
  const { started, call } = await serving(
    "import time\ndef handler(input, context):\n    print('called', flush=True)\n    time.sleep(60)\n",
  );
  const underWay = call("{}").catch(() => "cut");
  await started.logged("called");
  const waiting = call("{}");
  // It has come once the one after it is answered.
  await fetch(`http://127.0.0.1:${started.ports.status}/`);
  await started.stop();
  // Where the stop takes longer than connections are kept, this is cut as well.
  expect((await waiting).status).toBe(503);
  expect((await problemOf(await waiting)).detail).toBe("the runtime stops");
  expect(await underWay).toBe("cut");
  expect(await runtime.redis.client.hget("gaugelet:lease:{out}", "owner")).toBe("");
});
