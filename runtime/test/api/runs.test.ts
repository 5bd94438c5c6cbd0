import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { INVOCATIONS_KEY } from "@gaugelet/shared/keys";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RedisStreamTopics } from "../../src/topics/redis-stream/redis-stream-topics.ts";
import { sendRaw, statusesIn } from "./raw-requests.ts";
import { call, fileOf, runsOf } from "./run-functions.ts";
import { DATABASES } from "./test-database.ts";
import { useApi } from "./use-api.ts";

let folder: string;
beforeEach(async () => {
  folder = await makeFunctionFolder("runs");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const ECHO = `
import logging
def handler(input, context):
    print("printed", input.get("n"))
    logging.warning("logged %s", input.get("n"))
    if "fail" in input:
        raise ValueError(input["fail"])
    return {"n": input.get("n"), "secret": "s"}
`;

describe.each(DATABASES)("on %s", (kind) => {
  const api = useApi(kind);

  test("a call is recorded with what it was given, came to, wrote and used", async () => {
    const started = await api.start({}, await fileOf(folder, [{ name: "echo", code: ECHO }]));
    expect((await call(started, "echo", { n: 1 })).status).toBe(200);
    const [summary] = await runsOf(started, "function=echo", 1);
    const { body } = await started.ask("GET", `/runs/${summary.id}`);
    expect(body).toMatchObject({
      id: summary.id,
      function: "echo",
      owner: "",
      class: "standard",
      versionNumber: null,
      status: "completed",
      trigger: "http",
      source: "http",
      shard: "",
      user: null,
      attempt: 1,
      input: { n: 1 },
      isInputCut: false,
      output: { n: 1, secret: "s" },
      isOutputCut: false,
      error: null,
      traceback: null,
      cost: expect.stringMatching(/^0\.0*[1-9]\d*$/),
    });
    expect(body.logs.toSorted()).toEqual(["WARNING root: logged 1", "printed 1"]);
    expect(body.version).toMatch(/^[0-9a-f]{12}$/);
    expect(body.startMethod).toMatch(/^(fork|first|spawn)$/);
    expect(body.billedSeconds).toBeGreaterThan(0);
    expect(body.billedSeconds).toBe(Math.ceil(body.runSeconds * 1000) / 1000);
    expect(body.mebibyteSeconds).toBeCloseTo(
      Math.ceil(body.memoryPeakBytes / 1024 ** 2) * body.billedSeconds,
      6,
    );
    expect(Date.parse(body.queuedAt)).toBeLessThanOrEqual(Date.parse(body.startedAt));
    expect(Date.parse(body.startedAt)).toBeLessThanOrEqual(Date.parse(body.finishedAt));
  });

  test("long integers keep their digits", async () => {
    const started = await api.start({}, await fileOf(folder, [{ name: "echo", code: ECHO }]));
    const body = '{"n":9007199254740993,"big":-123456789012345678901234567890}';
    await fetch(`${started.url}/functions/echo`, { method: "POST", body });
    const [summary] = await runsOf(started, "function=echo", 1);
    const address = `http://127.0.0.1:${started.runtime.ports.status}/api/v1`;
    const headers = { authorization: `Bearer ${started.token}` };
    const text = await (await fetch(`${address}/runs/${summary.id}`, { headers })).text();
    expect(text).toContain(`"input":${body}`);
    expect(text).toContain('"output":{"n":9007199254740993,');
  });

  test("every way for a call to end is a run, and every attempt", async () => {
    const code = `
import os, time
def handler(input, context):
    if input["do"] == "sleep": time.sleep(60)
    if input["do"] == "exit": os._exit(3)
    raise ValueError("broken")
`;
    const manifest = "state: none, limits: { timeout: 300ms }, triggers: [{ http: true }]";
    const started = await api.start({}, await fileOf(folder, [{ name: "ends", code, manifest }]));
    await call(started, "ends", { do: "raise" });
    await call(started, "ends", { do: "sleep" });
    await call(started, "ends", { do: "exit" });
    await call(started, "ends", "[1]");
    const runs = await runsOf(started, "function=ends", 6);
    const told = runs.map(({ status, attempt, error, runSeconds }) => ({
      status,
      attempt,
      error,
      runSeconds,
    }));
    const died = (attempt: number, words: string) => ({
      status: "killed",
      attempt,
      error: expect.stringContaining(words),
    });
    expect(told.reverse()).toMatchObject([
      { status: "failed", attempt: 1, error: expect.stringContaining("broken") },
      { status: "timed-out", attempt: 1, error: expect.stringContaining("300ms") },
      died(1, "called again"),
      died(2, "called again"),
      died(3, "given up"),
      { status: "rejected", attempt: 1, error: expect.stringContaining("object"), runSeconds: null },
    ]);
    expect(told[1]?.runSeconds).toBeGreaterThanOrEqual(0.3);
    const { body } = await started.ask("GET", `/runs/${runs.find(({ status }) => status === "failed").id}`);
    expect(body.traceback).toContain("ValueError: broken");
    expect(body.output).toBeNull();
    expect(await runsOf(started, "function=ends&status=killed&error=GIVEN%20UP", 1)).toHaveLength(1);
  });

  test("of successes one in so many is recorded, and of failures each; usage counts all", async () => {
    const manifest = "state: none, record: { oneIn: 5 }, triggers: [{ http: true }]";
    const started = await api.start({}, await fileOf(folder, [{ name: "echo", code: ECHO, manifest }]));
    for (let n = 0; n < 10; n += 1) await call(started, "echo", { n });
    await call(started, "echo", { fail: "once" });
    await call(started, "echo", { fail: "twice" });
    const runs = await runsOf(started, "function=echo", 4);
    expect(runs.filter(({ status }) => status === "failed")).toHaveLength(2);
  });

  test("inputs and outputs are recorded without redacted fields, and cut where they are long", async () => {
    const manifest = "state: none, redact: [secret, text], triggers: [{ http: true }]";
    const file = await fileOf(folder, [
      { name: "echo", code: ECHO, manifest },
      { name: "long", code: ECHO },
    ]);
    const started = await api.start({ GAUGELET_RECORD_BYTES: "100" }, file);
    await call(started, "echo", { n: 1, text: "hidden" });
    await call(started, "long", { n: 2, text: "x".repeat(500) });
    const [hidden] = await runsOf(started, "function=echo", 1);
    expect((await started.ask("GET", `/runs/${hidden.id}`)).body).toMatchObject({
      input: { n: 1, text: "[redacted]" },
      output: { n: 1, secret: "[redacted]" },
    });
    const [long] = await runsOf(started, "function=long", 1);
    const { body } = await started.ask("GET", `/runs/${long.id}`);
    expect(body).toMatchObject({ isInputCut: true, isOutputCut: false });
    expect(body.input).toHaveLength(100);
  });

  test("pages follow each other without a gap, and a cursor that is none is refused", async () => {
    const started = await api.start({}, await fileOf(folder, [{ name: "echo", code: ECHO }]));
    await Promise.all(Array.from({ length: 7 }, (_, n) => call(started, "echo", { n })));
    const all = await runsOf(started, "limit=50", 7);
    const ids: string[] = [];
    for (let after: string | null = ""; after !== null; ) {
      const { body } = await started.ask("GET", `/runs?limit=3${after === "" ? "" : `&after=${after}`}`);
      ids.push(...body.items.map(({ id }: { id: string }) => id));
      after = body.next;
    }
    expect(ids).toEqual(all.map(({ id }) => id));
    for (const query of ["after=x", "after=WzFd", "status=done", "from=yesterday", "limit=0", "other=1"]) {
      expect((await started.ask("GET", `/runs?${query}`)).status).toBe(400);
    }
    expect((await started.ask("GET", "/runs/none")).status).toBe(404);
    expect((await started.ask("GET", "/runs", undefined, null)).status).toBe(401);
  });

  test("runs are followed as they come, and from the last that was seen", async () => {
    const started = await api.start({}, await fileOf(folder, [{ name: "echo", code: ECHO }]));
    const follow = async (path: string, lastEventId?: string) => {
      const gone = new AbortController();
      const response = await fetch(`${started.url}/api/v1${path}`, {
        headers: {
          authorization: `Bearer ${started.token}`,
          ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
        },
        signal: gone.signal,
      });
      expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      return {
        async until(part: string): Promise<string> {
          while (!text.includes(part)) text += (await reader?.read())?.value ?? "";
          return text;
        },
        stop: () => gone.abort(),
      };
    };
    const runs = await follow("/runs/stream?function=echo");
    const lines = await follow("/functions/echo/logs?follow=true");
    await runs.until(": listening");
    await lines.until(": listening");
    await call(started, "echo", { n: 1 });
    const first = await runs.until('"status":"completed"');
    const id = /^id: (\d+)$/m.exec(first)?.[1];
    expect(first).toContain("event: run\n");
    expect(await lines.until("printed 1")).toContain("event: lines\n");
    runs.stop();
    lines.stop();
    await call(started, "echo", { n: 2 });
    await call(started, "echo", { fail: "third" });
    const again = await follow("/runs/stream", id);
    const rest = await again.until('"status":"failed"');
    again.stop();
    expect(rest.match(/^event: run$/gm)).toHaveLength(2);
    // As after a restart on a backup of the database, which has not come to that one yet.
    const ahead = await follow("/runs/stream", "1000000");
    await ahead.until(": listening");
    await call(started, "echo", { n: 4 });
    expect(await ahead.until('"status":"completed"')).toContain("event: run\n");
    ahead.stop();
    const { body } = await started.ask("GET", "/functions/echo/logs");
    expect(body.items).toHaveLength(4);
    expect(body.items[0].lines).toContain("printed 1");
    expect(body.items[2].lines.at(-1)).toContain("ValueError: third");
    expect((await started.ask("GET", "/functions/none/logs")).status).toBe(404);
  });

  test("a function is called and waited for; a call with a key is one run", async () => {
    const started = await api.start({}, await fileOf(folder, [{ name: "echo", code: ECHO }]));
    const invoke = async (body: unknown, key?: string) => {
      const response = await fetch(`${started.url}/api/v1/functions/echo/invocations`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${started.token}`,
          "content-type": "application/json",
          ...(key === undefined ? {} : { "idempotency-key": key }),
        },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    const one = await invoke({ input: { n: 1 } });
    expect(one).toMatchObject({
      status: 200,
      body: {
        status: "completed",
        output: { n: 1, secret: "s" },
        error: null,
        usage: { cost: expect.stringMatching(/^0\.0*[1-9]\d*$/) },
      },
    });
    const [run] = await runsOf(started, "function=echo&trigger=invocation&user=admin", 1);
    expect(run.id).toBe(one.body.run);
    expect(run.billedSeconds).toBe((one.body.usage as { billedSeconds: number }).billedSeconds);
    const keyed = await invoke({ input: { n: 2 } }, "key");
    const again = await invoke({ input: { n: 2 } }, "key");
    expect(again.body.run).toBe(keyed.body.run);
    expect(again.body.output).toEqual(keyed.body.output);
    expect(await invoke({ input: { fail: "it" } })).toMatchObject({
      status: 200,
      body: { status: "failed", output: null, traceback: expect.stringContaining("ValueError: it") },
    });
    await runsOf(started, "function=echo", 3);
    for (const wrong of [{ input: [] }, { shard: "s" }, { mode: "later" }, { other: 1 }]) {
      expect((await invoke(wrong)).status).toBe(400);
    }
    expect((await invoke({}, "\u00e4")).status).toBe(400);
    // Two names for one call are none.
    const twice = `POST /api/v1/functions/echo/invocations HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${started.token}\r\nidempotency-key: a\r\nidempotency-key: b\r\nconnection: close\r\n\r\n`;
    expect(statusesIn(await sendRaw(started.url, twice))).toEqual([400]);
    expect((await started.ask("POST", "/functions/none/invocations", {})).status).toBe(404);
    const last = await started.ask("GET", "/functions/echo/invocations/last-input");
    expect(last.body.input).toEqual({ fail: "it" });
    expect((await started.ask("GET", "/functions/none/invocations/last-input")).status).toBe(404);
  });

  test("a call that nobody waits for is shown as it goes on, and outlives its worker", async () => {
    const code = `
import os, time
def handler(input, context):
    while not os.path.exists(input["until"]): time.sleep(0.02)
    return {"n": input["n"]}
`;
    const manifest = "owner: ada, class: premium, state: none, triggers: [{ http: true }]";
    const started = await api.start({}, await fileOf(folder, [{ name: "waits", code, manifest }]));
    const until = join(folder, "go");
    const accepted = await started.ask("POST", "/functions/waits/invocations", {
      mode: "async",
      input: { n: 5, until },
    });
    expect(accepted.status).toBe(202);
    const { run } = accepted.body;
    const status = (wanted: string) =>
      waitFor(`status ${wanted}`, async () => {
        const { body } = await started.ask("GET", `/runs/${run}`);
        return body.status === wanted ? body : undefined;
      });
    await status("running");
    await writeFile(until, "");
    expect(await status("completed")).toMatchObject({
      output: { n: 5 },
      trigger: "invocation",
      user: "admin",
      // As its usage is counted.
      owner: "ada",
      class: "premium",
    });
    await waitFor("it to be over", async () => (await started.redis.client.xlen(INVOCATIONS_KEY)) === 0);
  });

  test.each(["none", "function"])(
    "with state: %s each attempt at an event of a topic is a run",
    async (state) => {
      const retries = "retries: { attempts: 2, backoff: { from: 10ms, to: 10ms } }";
      const name = `retried-${state}`;
      const manifest = `state: ${state}, triggers: [{ topic: ${name}, start: oldest, ${retries} }]`;
      const code = ECHO;
      const started = await api.start({}, await fileOf(folder, [{ name, code, manifest }]));
      const topics = new RedisStreamTopics(
        { host: "127.0.0.1", port: started.redis.port, username: undefined, password: undefined, db: 0 },
        () => {},
      );
      const publish = (event: object) => ({
        body: Buffer.from(JSON.stringify(event)),
        key: null,
        headers: {},
      });
      await topics.publish(name, [publish({ n: 1 }), publish({ n: 2, fail: "always" }), publish({ n: 3 })]);
      const runs = await runsOf(started, `function=${name}`, 4);
      await topics.stop();
      expect(runs.every(({ trigger, source }) => trigger === "topic" && source === `topic:${name}/0`)).toBe(
        true,
      );
      const failed = runs.filter(({ status }) => status === "failed");
      expect(new Set(failed.map(({ attempt }) => attempt))).toEqual(new Set([1, 2]));
      expect(new Set(failed.map(({ eventId }) => eventId)).size).toBe(1);
      expect(runs.filter(({ status }) => status === "completed")).toHaveLength(2);
      expect(await started.redis.client.xlen(`gaugelet:dead:${name}`)).toBe(1);
    },
  );

  test("a call that nobody waits for waits itself while its owner's budget is spent", async () => {
    const manifest = "owner: ada, state: none, triggers: [{ http: true }]";
    const started = await api.start({}, await fileOf(folder, [{ name: "echo", code: ECHO, manifest }]));
    const budget = { warnAt: 0.5, isHard: true };
    expect((await started.ask("PUT", "/budgets/ada", { ...budget, amount: "0" })).status).toBe(200);
    const invoke = (mode: string) =>
      started.ask("POST", "/functions/echo/invocations", { mode, input: { n: 1 } });
    await waitFor(
      "the budget to be spent",
      async () => (await invoke("sync")).body.type === "/problems/budget-spent",
    );
    const { run } = (await invoke("async")).body;
    await waitFor("it to be begun with", async () => {
      const groups = (await started.redis.client.xinfo("GROUPS", INVOCATIONS_KEY)) as unknown[][];
      return groups[0]?.[groups[0].indexOf("pending") + 1] === 1;
    });
    expect((await started.ask("GET", `/runs/${run}`)).body.status).toBe("waiting");
    await started.ask("PUT", "/budgets/ada", { ...budget, amount: "1000" });
    await waitFor(
      "the run",
      async () => (await started.ask("GET", `/runs/${run}`)).body.status === "completed",
    );
  });
});
