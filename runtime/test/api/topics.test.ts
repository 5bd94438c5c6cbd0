import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFunctionFolder } from "@gaugelet/testing/function-folder";
import { startKafka, type TestKafka } from "@gaugelet/testing/kafka-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useApi } from "./use-api.ts";
import { addUsers, tokenOf } from "./users.ts";

const api = useApi("embedded", addUsers);
const COUNTER = `def handler(input, context):
    return {"n": input["n"], "id": context.event_id}
`;

let code: string;
beforeAll(async () => {
  code = await makeFunctionFolder("code");
  await writeFile(join(code, "handler.py"), COUNTER);
});
afterAll(async () => {
  await rm(code, { recursive: true, force: true });
});

const REFUSED: readonly [method: string, path: string, body: unknown, status: number, says: RegExp][] = [
  ["POST", "/topics", { name: "a b" }, 400, /name: expected 1 to 249 letters/],
  ["POST", "/topics", { name: "t", partitions: 2 }, 400, /partitions: expected 1: a topic on Redis is one/],
  ["POST", "/topics", { name: "t", retention: { seconds: 0 } }, 400, /retention\.seconds/],
  ["POST", "/topics", { name: "t", retention: { bytes: 5 } }, 400, /a Redis Stream counts events/],
  ["POST", "/topics", { name: "there" }, 409, /topic there exists/],
  ["POST", "/topics", { name: "t", color: "red" }, 400, /color/],
  ["GET", "/topics?limit=0", undefined, 400, /limit/],
  ["GET", "/topics?after=%20", undefined, 400, /after: expected the next of an answer/],
  ["GET", "/topics/a%20b", undefined, 400, /name: expected 1 to 249/],
  ["GET", "/topics/missing/events", undefined, 404, /there is no topic missing/],
  ["POST", "/topics/missing/events", { value: {} }, 404, /there is no topic missing/],
  ["POST", "/topics/there/events", {}, 400, /expected either value or events/],
  ["POST", "/topics/there/events", { value: 1, events: [{ value: 1 }] }, 400, /expected either value or/],
  ["POST", "/topics/there/events", { events: [{}] }, 400, /events\.0\.value: expected any JSON/],
  ["POST", "/topics/there/events", { events: [] }, 400, /events/],
  ["POST", "/topics/there/events", { id: "x", events: [{ value: 1 }] }, 400, /in each of events/],
  [
    "POST",
    "/topics/there/events",
    { value: 1, headers: { "Gaugelet-hops": "9" } },
    400,
    /do not begin with gaugelet-/,
  ],
  ["POST", "/topics/there/events", { value: 1, headers: { x: 5 } }, 400, /headers\.x/],
];

describe("topics on Redis", () => {
  test("a topic is made, filled, looked at, listed and deleted", async () => {
    const { ask } = await api.start();
    const made = await ask("POST", "/topics", { name: "orders", retention: { seconds: 60, events: 500 } });
    expect(made.status).toBe(201);
    expect(made.body).toEqual({
      name: "orders",
      partitions: [{ number: 0, events: 0, newest: null }],
      events: 0,
      oldestAt: null,
      oldestAgeSeconds: null,
      eventsPerSecond: null,
      retention: { seconds: 60, events: 500, bytes: null },
      readers: [],
      writers: [],
    });
    const one = await ask("POST", "/topics/orders/events", {
      value: { n: 1, id: 1 },
      key: "a",
      headers: { x: "1" },
      id: "first",
    });
    expect(one.status).toBe(202);
    expect(one.body.positions).toEqual([expect.stringMatching(/^\d+-\d+$/)]);
    const events = Array.from({ length: 3 }, (_, n) => ({ value: { n: n + 2 } }));
    const several = await ask("POST", "/topics/orders/events", { events });
    expect(several.body.positions).toHaveLength(3);
    const newest = await ask("GET", "/topics/orders/events?limit=4");
    expect(newest.body.items.map(({ value }: { value: { n: number } }) => value.n)).toEqual([4, 3, 2, 1]);
    expect(newest.body.items[3]).toMatchObject({
      partition: 0,
      position: one.body.positions[0],
      key: "a",
      headers: { x: "1", "gaugelet-event-id": "first", "gaugelet-user": "admin" },
      text: null,
      isCut: false,
    });
    const { body } = await ask("GET", "/topics/orders");
    expect(body).toMatchObject({ events: 4, partitions: [{ newest: several.body.positions[2] }] });
    expect(Date.now() - Date.parse(body.oldestAt)).toBeLessThan(60_000);
    await ask("POST", "/topics", { name: "alone" });
    const first = await ask("GET", "/topics?limit=1");
    expect(first.body.items).toMatchObject([{ name: "alone" }]);
    const second = await ask("GET", `/topics?limit=1&after=${first.body.next}`);
    expect(second.body).toMatchObject({ items: [{ name: "orders" }], next: null });
    expect((await ask("DELETE", "/topics/orders")).status).toBe(204);
    expect((await ask("GET", "/topics/orders")).status).toBe(404);
    expect((await ask("DELETE", "/topics/orders")).body).toMatchObject({ type: "/problems/not-found" });
  });

  test("integers of 64 bits and text that is no JSON come through as they are", async () => {
    const { ask, redis, url, token } = await api.start();
    await ask("POST", "/topics", { name: "t" });
    const response = await fetch(`${url}/api/v1/topics/t/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: '{"value":{"id":12345678901234567890}}',
    });
    expect(response.status).toBe(202);
    const [[, fields] = []] = await redis.client.xrange("gaugelet:topic:t", "-", "+");
    expect(fields?.slice(0, 2)).toEqual(["event", '{"id":12345678901234567890}']);
    await redis.client.xadd("gaugelet:topic:t", "*", "event", "no JSON");
    await redis.client.xadd("gaugelet:topic:t", "*", "event", `"${"x".repeat(100_000)}"`);
    const { body } = await ask("GET", "/topics/t/events");
    expect(body.items[1]).toMatchObject({ value: null, text: "no JSON", isCut: false });
    expect(body.items[0]).toMatchObject({ value: null, isCut: true });
    expect(body.items[0].text).toHaveLength(65_536);
  });

  test("a list says which functions read a topic, how far they are behind, and which write to it", async () => {
    const { ask } = await api.start(
      {},
      JSON.stringify({
        functions: [
          {
            name: "counter",
            source: code,
            handler: "handler.handler",
            triggers: [{ topic: "orders", start: "oldest", class: "premium" }],
            output: { topics: ["counted"] },
          },
        ],
      }),
    );
    await ask("POST", "/topics", { name: "orders" });
    await ask("POST", "/topics/orders/events", {
      events: [{ value: { n: 1 }, id: "a" }, { value: { n: 2 } }],
    });
    await waitFor("the function to have handled all", async () => {
      const { body } = await ask("GET", "/topics/orders");
      return body.readers[0].lagEvents === 0;
    });
    const { items } = (await ask("GET", "/topics")).body;
    expect(items).toMatchObject([
      { name: "counted", writers: ["counter"], readers: [], events: 2 },
      {
        name: "orders",
        writers: [],
        readers: [
          { function: "counter", droppedEvents: 0, start: "oldest", class: "premium", isPaused: false },
        ],
      },
    ]);
    const counted = (await ask("GET", "/topics/counted/events")).body.items;
    expect(counted.map(({ value }: { value: unknown }) => value)).toEqual([
      { n: 2, id: expect.any(String) },
      { n: 1, id: "a" },
    ]);
  });

  test("what is wrong is refused, with what was expected", async () => {
    const { ask } = await api.start();
    await ask("POST", "/topics", { name: "there" });
    for (const [method, path, body, status, says] of REFUSED) {
      const answer = await ask(method, path, body);
      const what = `${method} ${path} ${JSON.stringify(body)}`;
      expect(answer.body.detail, what).toMatch(says);
      expect(answer.status, what).toBe(status);
    }
  });

  test("viewers see lists and publish; editors change topics and look at events", async () => {
    const { ask } = await api.start();
    await ask("POST", "/topics", { name: "there" });
    const [ada, eve] = [tokenOf("ada"), tokenOf("eve")];
    expect((await ask("GET", "/topics", undefined, eve)).status).toBe(200);
    expect((await ask("GET", "/topics/there", undefined, eve)).status).toBe(200);
    expect((await ask("POST", "/topics/there/events", { value: {} }, eve)).status).toBe(202);
    for (const [method, path, body] of [
      ["POST", "/topics", { name: "new" }],
      ["GET", "/topics/there/events", undefined],
      ["DELETE", "/topics/there", undefined],
    ] as const) {
      expect((await ask(method, path, body, eve)).status).toBe(403);
      expect((await ask(method, path, body, null)).status).toBe(401);
      expect((await ask(method, path, body, ada)).status).toBeLessThan(300);
    }
  });
});

describe("topics on Kafka", () => {
  let kafka: TestKafka;
  beforeAll(async () => {
    kafka = await startKafka();
  }, 120_000);
  afterAll(async () => {
    await kafka?.stop();
  });

  test("a topic with partitions is made, filled, looked at and deleted; none is made by publishing", async () => {
    const { ask } = await api.start({ GAUGELET_TOPICS: "kafka", KAFKA_BROKERS: kafka.brokers.join(",") });
    const made = await ask("POST", "/topics", {
      name: "wide",
      partitions: 3,
      retention: { bytes: 1_000_000 },
    });
    expect(made.body).toMatchObject({
      partitions: [{ number: 0 }, { number: 1 }, { number: 2 }],
      retention: { bytes: 1_000_000, events: null },
    });
    const events = ["a", "b", "a"].map((key, n) => ({ value: { n }, key }));
    const answer = await ask("POST", "/topics/wide/events", { events });
    expect(answer.status).toBe(202);
    expect(answer.body.positions).toHaveLength(3);
    const { items } = (await ask("GET", "/topics/wide/events")).body;
    expect(items.map(({ value }: { value: { n: number } }) => value.n).sort()).toEqual([0, 1, 2]);
    expect((await ask("GET", "/topics/wide")).body).toMatchObject({
      events: 3,
      oldestAt: expect.any(String),
    });
    expect((await ask("POST", "/topics/missing/events", { value: 1 })).status).toBe(404);
    expect((await ask("GET", "/topics")).body.items).toMatchObject([{ name: "wide" }]);
    expect((await ask("DELETE", "/topics/wide")).status).toBe(204);
    const refused = await ask("POST", "/topics", { name: "t", retention: { events: 5 } });
    expect(refused.body.detail).toMatch(/Kafka counts bytes/);
  });
});
