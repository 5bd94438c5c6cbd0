import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { calling, counter, SUM } from "./functions.ts";
import { runsOf } from "./run-functions.ts";
import { useApi } from "./use-api.ts";

const api = useApi("postgresql");

test("a function that nobody calls any more is let go, and comes back with its env", async () => {
  const started = await api.start();
  const { ask, log } = started;
  const call = calling(started);
  const { manifest, ...rest } = counter("count", 1);
  const workers = { scaleDown: { idle: "100ms" } };
  await ask("POST", "/functions", { ...rest, manifest: { ...manifest, workers } });
  for (let times = 1; times <= 2; times += 1) {
    expect(await call("count", {})).toMatchObject({ status: 200, body: { count: times } });
    await waitFor(
      "the function to be let go",
      () =>
        log.filter(({ function: name, msg }) => name === "count" && msg === "function stopped").length ===
        times,
    );
  }
  // What it stored is there, and so is what alerts compare it with.
  const metrics = await (await fetch(`http://127.0.0.1:${started.runtime.ports.management}/metrics`)).text();
  expect(metrics).toContain('gaugelet_function_info{function="count",owner="admin",language="python"} 1');
  expect(metrics).not.toContain('gaugelet_function_queue_events{function="count"}');
});

test("the first function with topics that a runtime puts together for a call publishes, stores and records it", async () => {
  const started = await api.start();
  const { manifest, ...rest } = SUM;
  const body = { ...rest, manifest: { ...manifest, output: { topics: ["sums"] } } };
  expect((await started.ask("POST", "/functions", body)).status).toBe(201);
  expect(await calling(started)("sum", { a: 1, b: 2 })).toMatchObject({ status: 200, body: { sum: 3 } });
  await runsOf(started, "function=sum", 1);
  expect(await started.redis.client.get("gaugelet:output:sum")).toBe('{"sum":3}');
  const { body: published } = await started.ask("GET", "/topics/sums/events");
  expect(published.items).toMatchObject([{ value: { sum: 3 } }]);
});

test("while a function is replaced its calls wait: none is lost, refused or counted twice", async () => {
  const started = await api.start();
  const { ask } = started;
  const call = calling(started);
  const { name, manifest, files } = counter("count", 1);
  await ask("POST", "/functions", { name, manifest, files });
  let calls = 0;
  let isOver = false;
  const answers = new Set<string>();
  const caller = async (): Promise<void> => {
    while (!isOver) {
      calls += 1;
      const { status, body } = await call("count", {});
      answers.add(status === 200 ? "200" : JSON.stringify(body));
    }
  };
  const callers = Array.from({ length: 4 }, caller);
  for (let version = 2; version <= 5; version += 1) {
    const before = calls;
    const limits = { timeout: `${20 + version}s` };
    const { status } = await ask("PUT", "/functions/count", { manifest: { ...manifest, limits } });
    expect(status).toBe(200);
    await waitFor("calls after the change", () => calls > before + 8);
  }
  isOver = true;
  await Promise.all(callers);
  expect([...answers]).toEqual(["200"]);
  expect((await call("count", {})).body).toMatchObject({ count: calls + 1 });
});

test("an event that a sleeping function's schema does not allow is answered with what is wrong", async () => {
  const started = await api.start();
  const input = { type: "object", required: ["a", "b"] };
  await started.ask("POST", "/functions", { ...SUM, manifest: { ...SUM.manifest, input } });
  const call = calling(started);
  expect(await call("sum", { a: 1 })).toMatchObject({
    status: 422,
    body: { type: "/problems/invalid-input" },
  });
  expect(await call("sum", { a: 1, b: 2 })).toEqual({ status: 200, body: { sum: 3 } });
});

test("other triggers than calls run a function without a call", async () => {
  const started = await api.start();
  const { ask, redis } = started;
  const manifest = {
    ...SUM.manifest,
    triggers: [{ redisKey: "numbers", pollInterval: "200ms" }],
    output: { key: "total" },
  };
  await ask("POST", "/functions", { ...SUM, manifest });
  await redis.client.set("numbers", JSON.stringify({ a: 20, b: 22 }));
  const output = await waitFor("the output", () => redis.client.get("total"));
  expect(JSON.parse(output)).toEqual({ sum: 42 });
});

test("a function whose secret is missing is not loaded, and says which", async () => {
  const ofFile = {
    name: "secretive",
    owner: "ada",
    handler: "handler.handler",
    source: ".",
    triggers: [{ http: true }],
    secrets: ["API_TOKEN"],
  };
  const { log } = await api.start({}, JSON.stringify({ functions: [ofFile] }));
  await waitFor("the reason in the log", () =>
    log.some(({ msg }) => String(msg).includes("its secrets cannot be had: ada has no secret API_TOKEN")),
  );
});

test("each run has the number of the version that handled it", async () => {
  const started = await api.start();
  const { ask } = started;
  const call = calling(started);
  const { manifest, files } = counter("count", 1);
  await ask("POST", "/functions", { ...counter("count", 1), manifest });
  await call("count", {});
  expect(await runsOf(started, "function=count", 1)).toMatchObject([{ versionNumber: 1 }]);

  expect((await ask("PUT", "/functions/count", { manifest, files: counter("count", 2).files })).status).toBe(
    200,
  );
  await waitFor("the new code", async () =>
    JSON.stringify((await call("count", {})).body).includes('"step":2'),
  );
  await waitFor("a run of version 2", async () => {
    const { body } = await ask("GET", "/runs?function=count&version=2");
    return body.items.length > 0;
  });

  // The same code with another description: the worker stays.
  await ask("PUT", "/functions/count", { manifest, files });
  await ask("PUT", "/functions/count", { manifest: { ...manifest, description: "Counts." }, files });
  await waitFor("a run of version 4", async () => {
    await call("count", {});
    const { body } = await ask("GET", "/runs?function=count&version=4");
    return body.items.length > 0;
  });
});
