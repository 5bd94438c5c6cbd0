import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useApi } from "./use-api.ts";
import { addUsers, tokenOf } from "./users.ts";

const api = useApi("embedded", addUsers);
let code: string;

/** Fails at odd numbers until Redis has a key that says that it was mended. */
const FAILS = `import socket
def mended(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"EXISTS mended\\r\\n")
        return connection.recv(16).startswith(b":1")
def handler(input, context):
    if input["n"] % 2 and not mended(context.port):
        raise ValueError("not mended")
    return input
`;

beforeAll(async () => {
  code = await makeFunctionFolder("code");
});
afterAll(async () => {
  await rm(code, { recursive: true, force: true });
});

/** A runtime with a function of ada's on a topic, and one that nobody calls. */
async function start() {
  await writeFile(join(code, "broken.py"), "def handler(input, context)\n");
  await writeFile(join(code, "picky.py"), FAILS);
  const triggers = [{ topic: "t", start: "oldest", retries: { attempts: 1 } }, { http: true }];
  const file = {
    functions: [
      {
        name: "picky",
        owner: "ada",
        source: join(code, "picky.py"),
        handler: "picky.handler",
        state: "none",
        triggers,
        workers: { min: 1, max: 3, spare: 1 },
      },
      {
        name: "broken",
        source: join(code, "broken.py"),
        handler: "broken.handler",
        triggers: [{ http: true }],
      },
      {
        name: "rare",
        source: join(code, "picky.py"),
        handler: "picky.handler",
        triggers: [{ http: true }],
        workers: { min: 0 },
      },
    ],
  };
  const started = await api.start({ GAUGELET_IMAGE: "example/runtime@sha256:abc" }, JSON.stringify(file));
  await waitFor("both to be tried", async () => {
    const { items } = (await started.ask("GET", "/workers")).body;
    return items.every(({ state }: { state: string }) => state !== "starting");
  });
  return started;
}

test("dead letters are looked at, replayed and dropped by the function's owner alone", async () => {
  const { ask, redis } = await start();
  const [ada, bob, eve] = [tokenOf("ada"), tokenOf("bob"), tokenOf("eve")];
  const events = [1, 2, 3, 5, 7].map((n) => ({ value: { n }, key: "k", headers: { x: String(n) } }));
  await ask("POST", "/topics", { name: "t" });
  await ask("POST", "/topics/t/events", { events });
  const path = "/functions/picky/dead-letters";
  await waitFor("all letters", async () => (await ask("GET", path, undefined, ada)).body.count === 4);
  const first = (await ask("GET", `${path}?limit=3`, undefined, ada)).body;
  expect(first.items.map(({ value }: { value: unknown }) => value)).toEqual([{ n: 1 }, { n: 3 }, { n: 5 }]);
  expect(first.items[0]).toMatchObject({
    error: "ValueError: not mended",
    traceback: expect.stringContaining("picky.py"),
    attempts: 1,
    topic: "t",
    partition: 0,
    key: "k",
    headers: { x: "1" },
  });
  const rest = (await ask("GET", `${path}?limit=3&after=${first.next}`, undefined, ada)).body;
  expect(rest).toMatchObject({ items: [{ value: { n: 7 } }], next: null, count: 4 });

  const [one, three] = first.items.map(({ id }: { id: string }) => id);
  for (const [method, place] of [
    ["GET", path],
    ["DELETE", path],
    ["DELETE", `${path}/${one}`],
    ["POST", `${path}/replay`],
    ["POST", `${path}/${one}/replay`],
  ] as const) {
    expect((await ask(method, place, undefined, bob)).status, `${method} ${place}`).toBe(404);
    expect((await ask(method, place, undefined, eve)).status, `${method} ${place}`).toBe(403);
    expect((await ask(method, place.replace("picky", "nobody"))).status).toBe(404);
  }
  expect((await ask("POST", `${path}/1-1/replay`)).body.detail).toBe("picky has no dead letter 1-1");
  expect((await ask("DELETE", `${path}/1-1`)).status).toBe(404);
  expect((await ask("DELETE", `${path}/x`)).body.detail).toMatch(/id: expected an id as the list shows it/);
  expect((await ask("GET", `${path}?after=eA`)).body.detail).toMatch(/after: expected the next of an answer/);

  await redis.client.set("mended", "1");
  expect((await ask("POST", `${path}/${one}/replay`, undefined, ada)).body).toEqual({ replayed: 1 });
  expect((await ask("DELETE", `${path}/${three}`, undefined, ada)).status).toBe(204);
  expect((await ask("POST", `${path}/replay`)).body).toEqual({ replayed: 2 });
  await waitFor("all to be handled", async () => {
    const { n } = JSON.parse((await redis.client.get("gaugelet:output:picky")) ?? "{}");
    return n === 5 || n === 7;
  });
  expect((await ask("GET", path)).body).toEqual({ items: [], next: null, count: 0 });

  const id = await redis.client.xadd(
    "gaugelet:dead:picky",
    "*",
    "event",
    "{}",
    "error",
    "e",
    "failedAt",
    "1",
  );
  const refused = await ask("POST", `${path}/${id}/replay`);
  expect(refused.body).toMatchObject({
    type: "/problems/conflict",
    detail: expect.stringContaining("came from no topic"),
  });
  // Where an id is missing, none is meant: not all.
  for (const [method, place] of [
    ["DELETE", `${path}/`],
    ["POST", `${path}//replay`],
    ["POST", `${path}/replay/`],
    ["DELETE", "/functions/picky/"],
  ] as const) {
    expect([method, place, (await ask(method, place)).body.type]).toEqual([
      method,
      place,
      "/problems/not-found",
    ]);
  }
  expect((await ask("DELETE", path)).body).toEqual({ dropped: 1 });
  expect((await ask("DELETE", path)).body).toEqual({ dropped: 0 });

  expect((await ask("DELETE", "/topics/t")).status).toBe(204);
  const noted = (await ask("GET", "/audit")).body.items.slice(0, 6);
  expect(noted).toMatchObject([
    { action: "topic.delete", target: "t", user: "admin" },
    { action: "dead-letter.drop", target: "picky", user: "admin", details: { count: 1 } },
    { action: "dead-letter.replay", target: "picky", user: "admin", details: { count: 2 } },
    { action: "dead-letter.drop", target: "picky", user: "ada", details: { id: three } },
    { action: "dead-letter.replay", target: "picky", user: "ada", details: { id: one } },
    { action: "topic.create", target: "t", user: "admin" },
  ]);
});

test("workers, decisions and instances are there to be looked at by everybody who has a token", async () => {
  const { ask, runtime, redis } = await start();
  const eve = tokenOf("eve");
  const { items, instance, next } = (await ask("GET", "/workers", undefined, eve)).body;
  expect(next).toBeNull();
  expect(items[0]).toMatchObject({
    function: "broken",
    owner: "",
    state: "failing",
    reason: expect.stringContaining("SyntaxError"),
    workers: [],
  });
  expect(items[1]).toMatchObject({
    function: "picky",
    owner: "ada",
    state: "ready",
    reason: null,
    isolation: "process",
    min: 1,
    max: 3,
    ready: 1,
    standbyFor: null,
  });
  const [worker] = items[1].workers;
  expect(worker).toMatchObject({
    isServing: true,
    callsInFlight: 0,
    memoryBytes: null,
    version: items[1].version,
  });
  expect(worker.runtime).toMatch(/Python/);
  expect(() => process.kill(worker.pid, 0)).not.toThrow();
  const one = (await ask("GET", "/workers?function=picky&limit=1")).body;
  expect(one).toMatchObject({ instance, next: null, items: [{ function: "picky" }] });
  const page = (await ask("GET", "/workers?limit=1")).body;
  expect((await ask("GET", `/workers?limit=1&after=${page.next}`)).body.items[0].function).toBe("picky");

  const call = `http://127.0.0.1:${runtime.ports.status}/functions/picky`;
  await fetch(call, { method: "POST", body: '{"n":2}' });
  await waitFor("its memory", async () => {
    const [found] = (await ask("GET", "/workers?function=picky")).body.items[0].workers;
    return found.memoryBytes > 1_000_000;
  });

  await fetch(call.replace("picky", "rare"), { method: "POST", body: '{"n":2}' });
  const decisions = (await ask("GET", "/workers/decisions?function=rare", undefined, eve)).body;
  expect(decisions.instance).toBe(instance);
  expect(decisions.items.at(-1)).toMatchObject({ function: "rare", from: 0, to: 1, reason: "an event came" });
  await waitFor("the instance to be ready", async () => {
    return (await ask("GET", "/instances", undefined, eve)).body.items[0]?.state === "ready";
  });
  await redis.client.zadd("gaugelet:instances", 1, "gone-1");
  await redis.client.set("gaugelet:instance:odd", "{}");
  await redis.client.zadd("gaugelet:instances", 1, "odd");
  const list = (await ask("GET", "/instances", undefined, eve)).body;
  expect(list.count).toBe(1);
  const [self] = list.items;
  expect(self).toMatchObject({
    id: instance,
    processId: process.pid,
    address: `http://127.0.0.1:${runtime.ports.status}`,
    image: "example/runtime@sha256:abc",
    functionCount: 3,
    system: { node: process.version },
  });
  expect(self.functions.find(({ name }: { name: string }) => name === "picky")).toMatchObject({
    workers: 1,
    version: items[1].version,
    isStandby: false,
  });
  expect(self.memory.totalBytes).toBeGreaterThan(self.memory.processBytes);
  expect(self.disk.totalBytes).toBeGreaterThan(0);
  expect(self.mounts.map(({ path }: { path: string }) => path)).toContain("/");
  expect(self.loadAverage).toHaveLength(3);
  expect((await ask("GET", `/instances/${instance}`)).body.id).toBe(instance);
  expect((await ask("GET", "/instances/gone-1")).status).toBe(404);
  expect(await redis.client.zrangebyscore("gaugelet:instances", "-inf", "+inf")).not.toContain("gone-1");
  for (const path of ["/workers", "/workers/decisions", "/instances"]) {
    expect((await ask("GET", path, undefined, null)).status).toBe(401);
  }
  await runtime.stop();
  expect(await redis.client.exists(`gaugelet:instance:${instance}`)).toBe(0);
});
