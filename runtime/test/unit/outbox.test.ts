import { setTimeout as sleep } from "node:timers/promises";
import { answerKey, envKey, OUTPUTS_KEY, positionKey } from "@gaugelet/shared/keys";
import { connectRedis } from "@gaugelet/shared/redis/connection";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import type { Redis } from "ioredis";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Gathered, type Handled } from "../../src/sinks/handled.ts";
import { Outbox } from "../../src/sinks/outbox.ts";
import { RedisStore } from "../../src/sinks/redis-store.ts";

const KEY = "usage";

let redis: TestRedis;
let connection: Redis;
let patience: AbortController;
let outbox: Outbox;
let entries: number;
let rooms: number;
/** Of each conflict, the positions that were void. */
let conflicts: Record<string, string>[];

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(async () => {
  await redis.stop();
});

beforeEach(async () => {
  await redis.client.flushall();
  const address = { host: "127.0.0.1", port: redis.port, username: undefined, password: undefined, db: 0 };
  connection = connectRedis(address);
  await waitFor("a connection", () => connection.status === "ready");
  patience = new AbortController();
  entries = 0;
  rooms = 0;
  conflicts = [];
  const entryNow = () => {
    entries += 1;
    return { function: "f", version: `v${entries}`, storedAt: Date.now(), staleAfter: 60 };
  };
  const store = new RedisStore(connection, pino({ enabled: false }));
  outbox = new Outbox({
    outputKey: KEY,
    functionName: "f",
    store,
    entryNow,
    signal: patience.signal,
    fence: () => undefined,
    publish: async () => true,
    onConflict: (positions) => {
      conflicts.push(Object.fromEntries(positions));
    },
    onRoom: () => {
      rooms += 1;
    },
    onPositions: () => {},
  });
});

afterEach(() => {
  patience.abort();
  connection.disconnect();
});

/** What one call came to. */
function handled(output: string, changes: Partial<Handled> = {}): Handled {
  return Object.assign(new Gathered(), { output: Buffer.from(output), ...changes });
}

/** How many scripts and single writes the server has run. */
async function writes(): Promise<number> {
  const text = await redis.client.info("commandstats");
  const calls = [...text.matchAll(/^cmdstat_(?:eval|evalsha):calls=(\d+)/gm)].map(([, count]) =>
    Number(count),
  );
  return calls.reduce((sum, count) => sum + count, 0);
}

test("stores an output with all that belongs to it", async () => {
  const before = Date.now();
  let stored = false;
  expect(outbox.storedAt).toBeNaN();
  outbox.put(
    handled('{"a":1}', {
      env: Buffer.from([0, 255]),
      positions: new Map([["redis:metrics", "1-0"]]),
      answers: new Map([["name", Buffer.from('{"a":1}')]]),
      onSettled: [
        () => {
          stored = true;
        },
      ],
    }),
  );
  await outbox.idle;
  expect(stored).toBe(true);
  expect(await redis.client.get(KEY)).toBe('{"a":1}');
  expect(await redis.client.getBuffer(envKey(KEY))).toEqual(Buffer.from([0, 255]));
  expect(await redis.client.hgetall(positionKey(KEY))).toEqual({ "redis:metrics": "1-0" });
  expect(await redis.client.get(answerKey(KEY, "name"))).toBe('{"a":1}');
  const entry = JSON.parse((await redis.client.hget(OUTPUTS_KEY, KEY)) ?? "") as { storedAt: number };
  expect(entry).toMatchObject({ function: "f", version: "v1" });
  expect(entry.storedAt).toBe(outbox.storedAt);
  expect(outbox.storedAt).toBeGreaterThanOrEqual(before);
});

test("has nothing to wait for at first, and when all is stored", async () => {
  await outbox.idle;
  outbox.put(handled("1"));
  await outbox.idle;
  expect(await redis.client.get(KEY)).toBe("1");
  await outbox.idle;
});

test("stores what comes in one turn of the event loop in one step: the newest, with the positions of all", async () => {
  const before = await writes();
  for (let index = 1; index <= 5; index += 1) {
    outbox.put(
      handled(String(index), {
        positions: new Map([
          ["same", String(index)],
          [`source ${index}`, "only"],
        ]),
        answers: new Map([[`name ${index}`, Buffer.from(String(index))]]),
      }),
    );
  }
  await outbox.idle;
  expect((await writes()) - before).toBeLessThanOrEqual(2); // the script is sent whole where the server has it not
  expect(entries).toBe(1);
  expect(await redis.client.get(KEY)).toBe("5");
  expect(await redis.client.hgetall(positionKey(KEY))).toEqual({
    same: "5",
    ...Object.fromEntries([1, 2, 3, 4, 5].map((index) => [`source ${index}`, "only"])),
  });
  for (const index of [1, 2, 3, 4, 5]) {
    expect(await redis.client.get(answerKey(KEY, `name ${index}`))).toBe(String(index));
  }
});

test("keeps the newest env, where a later call has none", async () => {
  outbox.put(handled("1", { env: Buffer.from("first") }));
  outbox.put(handled("2", { env: Buffer.from("second") }));
  outbox.put(handled("3"));
  await outbox.idle;
  expect(await redis.client.get(envKey(KEY))).toBe("second");
  outbox.put(handled("4"));
  await outbox.idle;
  expect(await redis.client.get(envKey(KEY))).toBe("second");
  expect(await redis.client.get(KEY)).toBe("4");
});

test("says of each, in order, that it is stored, and only when it is", async () => {
  const heard: string[] = [];
  const seen: Promise<void>[] = [];
  const put = (output: string) =>
    outbox.put(
      handled(output, {
        onSettled: [
          () => {
            heard.push(output);
            seen.push(
              redis.client
                .get(KEY)
                .then((value) => expect(Number(value)).toBeGreaterThanOrEqual(Number(output))),
            );
          },
        ],
      }),
    );
  put("1");
  put("2");
  await waitFor("the first step under way", () => entries === 1);
  put("3");
  put("4");
  expect(heard).not.toContain("3");
  await outbox.idle;
  await Promise.all(seen);
  expect(heard).toEqual(["1", "2", "3", "4"]);
  expect(entries).toBe(2);
});

test("stores the last of very many, in much fewer steps", async () => {
  for (let index = 0; index < 2000; index += 1) {
    outbox.put(handled(String(index), { positions: new Map([["s", String(index)]]) }));
    if (index % 20 === 0) await new Promise(setImmediate);
  }
  await outbox.idle;
  expect(await redis.client.get(KEY)).toBe("1999");
  expect(await redis.client.hget(positionKey(KEY), "s")).toBe("1999");
  expect(entries).toBeLessThan(1000);
});

test("stores what many calls came to together in much fewer steps, too", async () => {
  const before = await writes();
  for (let batch = 1; batch <= 200; batch += 1) {
    outbox.gather((next) => next.add(handled(`{"batch":${batch}}`)), 50);
    // Time enough for a step.
    await redis.client.ping();
  }
  await outbox.idle;
  expect(await redis.client.get(KEY)).toBe('{"batch":200}');
  expect((await writes()) - before).toBeLessThan(50);
});

test("stores what calls came to that follow each other closely, one at a time, in much fewer steps, too", async () => {
  const before = await writes();
  for (let call = 1; call <= 500; call += 1) {
    outbox.put(handled(`{"call":${call}}`));
    // Time enough for a step.
    await redis.client.ping();
  }
  await outbox.idle;
  expect(await redis.client.get(KEY)).toBe('{"call":500}');
  expect((await writes()) - before).toBeLessThan(100);
});

test("keeps nobody waiting who waits for one call, however many others come one at a time", async () => {
  let count = 0;
  let isEnough = false;
  const coming = (async () => {
    for (; !isEnough; count += 1) {
      outbox.put(handled(String(count)));
      await redis.client.ping();
    }
  })();
  await waitFor("some that are stored together", () => count > 100);
  const before = count;
  for (let call = 1; call <= 100; call += 1) {
    for (let others = count + 3; count < others; ) await new Promise(setImmediate);
    await new Promise<void>((resolve) => outbox.put(handled("waited for", { onSettled: [() => resolve()] })));
  }
  const meanwhile = count - before;
  isEnough = true;
  await coming;
  await outbox.idle;
  // A step takes about as long as one or two of them, and a wait as long as fifty.
  expect(meanwhile).toBeLessThan(1_500);
});

test("says when what was put until now is stored, however much keeps coming", async () => {
  let count = 0;
  let isEnough = false;
  const coming = (async () => {
    while (!isEnough) {
      count += 1;
      outbox.gather((next) => next.add(handled(String(count))), 50);
      await new Promise(setImmediate);
    }
  })();
  for (let round = 0; round < 10; round += 1) {
    const until = count;
    await outbox.settled;
    expect(Number(await redis.client.get(KEY))).toBeGreaterThanOrEqual(until);
  }
  isEnough = true;
  await coming;
  await outbox.idle;
  await outbox.settled;
  expect(await redis.client.get(KEY)).toBe(String(count));
});

test("waits while Redis is away, then stores the newest with the positions of all that came meanwhile", async () => {
  const heard: string[] = [];
  await redis.crash();
  for (const output of ["1", "2", "3"]) {
    outbox.put(
      handled(output, {
        env: output === "2" ? Buffer.from("env 2") : undefined,
        positions: new Map([[`source ${output}`, output]]),
        onSettled: [() => heard.push(output)],
      }),
    );
    await sleep(100);
  }
  expect(heard).toEqual([]);
  expect(outbox.storedAt).toBeNaN();
  const restarted = Date.now();
  await redis.restart();
  await outbox.idle;
  expect(heard).toEqual(["1", "2", "3"]);
  expect(await redis.client.get(KEY)).toBe("3");
  expect(await redis.client.get(envKey(KEY))).toBe("env 2");
  expect(await redis.client.hgetall(positionKey(KEY))).toEqual({
    "source 1": "1",
    "source 2": "2",
    "source 3": "3",
  });
  expect(outbox.storedAt).toBeGreaterThan(restarted - 1000);
});

/** A call whose dead letter takes so many bytes. */
function large(bytes: number): Handled {
  const letter = {
    source: "s",
    body: Buffer.alloc(bytes),
    error: "",
    details: "",
    attempts: 1,
    topic: "t",
    origin: {},
    delayed: undefined,
  };
  return handled("{}", { deadLetters: [letter], positions: new Map([["s", "1"]]) });
}

/** What was put before is being stored from now on. */
async function begun(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

test("says that there is room also where it became full while something smaller was stored", async () => {
  outbox.put(large(1024 ** 2));
  await begun();
  outbox.put(large(8 * 1024 ** 2));
  expect(outbox.isFull).toBe(true);
  await outbox.idle;
  expect([outbox.isFull, rooms]).toEqual([false, 1]);
});

test("has room again after what it holds became void", async () => {
  outbox.expect("s", "somebody else's");
  outbox.put(large(1024 ** 2));
  await begun();
  outbox.put(large(8 * 1024 ** 2));
  outbox.put(handled("{}", { positions: new Map([["redis:metrics", "2"]]) }));
  expect(outbox.isFull).toBe(true);
  await outbox.idle;
  expect([conflicts, outbox.isFull, rooms]).toEqual([[{ s: "1", "redis:metrics": "2" }], false, 1]);
});

test("gives up when there is no more patience, and says of nothing that it is stored", async () => {
  const heard: string[] = [];
  await redis.crash();
  try {
    outbox.put(handled("1", { onSettled: [(isStored) => heard.push(`1 ${isStored}`)] }));
    await waitFor("the first step under way", () => entries === 1);
    outbox.put(handled("2", { onSettled: [(isStored) => heard.push(`2 ${isStored}`)] }));
    patience.abort();
    await outbox.idle;
    expect(heard).toEqual(["1 false", "2 false"]);
    expect(outbox.storedAt).toBeNaN();
  } finally {
    await redis.restart();
  }
});

test("says when something was stored before, where that is known", () => {
  outbox.noteStored(null);
  expect(outbox.storedAt).toBeNaN();
  outbox.noteStored(1234);
  expect(outbox.storedAt).toBe(1234);
});
