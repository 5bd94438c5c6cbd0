import { existsSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { leaseKey } from "@gaugelet/shared/keys";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, expect, test } from "vitest";
import { startFunctions } from "./functions.ts";
import { type StartedRuntime, useRuntime } from "./harness.ts";

const runtime = useRuntime();

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const COUNTS = `import time
def handler(input, context):
    time.sleep(input.get("seconds", 0))
    context.env["count"] = context.env.get("count", 0) + 1
    return {"count": context.env["count"]}
`;

const LOST = "another runtime has taken the function over";
const REGAINED = "this runtime owns the function now";

/** As another runtime would that thinks the owner gone, and goes away itself then. */
async function steal(): Promise<void> {
  const key = leaseKey("f");
  const token = Number(await runtime.redis.client.hget(key, "token"));
  const other = { owner: "other", beat: "1", machine: "m", process: "p", place: "elsewhere" };
  await runtime.redis.client.hset(key, { token: String(token + 1), ...other });
}

async function call({ ports }: StartedRuntime, key?: string, input: object = {}) {
  const response = await fetch(`http://127.0.0.1:${ports.status}/functions/f`, {
    method: "POST",
    headers: key === undefined ? {} : { "idempotency-key": key },
    body: JSON.stringify(input),
  });
  return { status: response.status, text: await response.text() };
}

const owned = (started: StartedRuntime): Promise<unknown> =>
  waitFor("the function", async () => (await call(started)).status === 200);

test("an event of a key that was under way as the lease was lost is not stored, also where any runtime is called", async () => {
  const called = join(runtime.folder, "called");
  const code = `import pathlib, time
def handler(input, context):
    if "sleep" in input: pathlib.Path(${JSON.stringify(called)}).touch()
    time.sleep(input.get("sleep", 0))
    return {"n": input["n"]}
`;
  const triggers = [{ redisKey: "metrics" }, { http: true }];
  const started = await startFunctions(runtime, [{ name: "f", state: "none", code, triggers }]);
  await runtime.input({ n: 1 });
  await runtime.output(({ n }) => n === 1, "f");
  await runtime.input({ n: 2, sleep: 0.5 });
  await waitFor("the event to be under way", () => existsSync(called));
  await steal();
  await runtime.redis.client.set("f", '{"n":3}');
  await started.logged("Redis holds something else than what this runtime stored");
  expect(await runtime.output(() => true, "f")).toEqual({ n: 3 });
  expect((await call(started, undefined, { n: 4 })).status).toBe(200);
  await runtime.output(({ n }) => n === 4, "f");
});

test("what came by itself goes on coming once a lease is regained that was lost during a call", async () => {
  const code = `import time
def handler(input, context):
    time.sleep(0.5)
    context.env["count"] = context.env.get("count", 0) + 1
    return {"count": context.env["count"]}
`;
  const started = await startFunctions(runtime, [{ name: "f", code, triggers: [{ schedule: "200ms" }] }]);
  await runtime.output(({ count }) => Number(count) >= 2, "f");
  await steal();
  await started.logged(LOST);
  const before = Number((await runtime.output(() => true, "f")).count);
  await runtime.output(({ count }) => Number(count) >= before + 3, "f");
});

test("a call with a key whose output could not be stored is told so, and may be made again", async () => {
  const started = await startFunctions(runtime, [{ name: "f", code: COUNTS, triggers: [{ http: true }] }]);
  await owned(started);
  await steal();
  const refused = await call(started, "k");
  expect(refused.status).toBe(503);
  expect(refused.text).toMatch(/could not be stored|another runtime owns the function/);
  await started.logged(REGAINED);
  expect((await call(started, "k")).status).toBe(200);
});

test("where Redis loses all that it holds, events are not handled in vain until the lease is renewed", async () => {
  const code =
    "def handler(input, context):\n    print('called', flush=True)\n    return {'n': input['n']}\n";
  const started = await startFunctions(runtime, [{ name: "f", code, triggers: [{ redisKey: "in" }] }]);
  for (let round = 1; round <= 3; round += 1) {
    await runtime.redis.client.set("in", `{"n":${round}}`);
    await runtime.output(({ n }) => n === round, "f");
    await runtime.redis.client.flushall();
  }
  await runtime.redis.client.set("in", '{"n":9}');
  await runtime.output(({ n }) => n === 9, "f");
  const count = (text: string): number => started.log.filter(({ msg }) => msg.includes(text)).length;
  expect(count("Redis has lost who owns the function")).toBeGreaterThan(0);
  expect(count(LOST)).toBe(0);
  expect(count("called")).toBeLessThan(12);
});

/** In front of a server, for connections that are to break. */
async function startProxy(to: number) {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server: Server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        near.destroy();
        far.destroy();
        sockets.delete(socket);
      });
    }
    if (isCut) near.destroy();
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanUps.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as { port: number }).port,
    cut(cut: boolean): void {
      isCut = cut;
      if (cut) for (const socket of sockets) socket.destroy();
    },
  };
}

test("a runtime that regains a function goes on from what others stored, not from what it read before", async () => {
  const proxy = await startProxy(runtime.redis.port);
  const functions = [{ name: "f", code: COUNTS, triggers: [{ http: true }] }];
  const first = await startFunctions(runtime, functions, { REDIS_PORT: String(proxy.port) });
  const config = { GAUGELET_CONFIG: join(runtime.folder, "gaugelet.yaml"), GAUGELET_PRELOAD: "" };
  const second = await runtime.start(config);
  await second.logged("another runtime owns the function");
  proxy.cut(true);
  // It reads what is stored before its first call.
  expect((await call(first)).status).toBe(503);
  await owned(second);
  const before = JSON.parse((await call(second)).text).count as number;
  proxy.cut(false);
  await first.logged(LOST);
  await sleep(1_000);
  for (let n = 1; n <= 3; n += 1) expect((await call(second)).text).toBe(`{"count":${before + n}}`);
  await second.stop();
  await first.logged(REGAINED);
  await owned(first);
  expect((await call(first)).text).toBe(`{"count":${before + 5}}`);
});
