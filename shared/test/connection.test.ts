import { type AddressInfo, connect as connectTo, createServer } from "node:net";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import type { Redis } from "ioredis";
import { afterEach, describe, expect, test } from "vitest";
import type { RedisAddress } from "../src/redis/address.ts";
import { connectRedis } from "../src/redis/connection.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function server(...options: string[]): Promise<TestRedis> {
  const redis = await startRedis(options);
  closing.push(() => redis.stop());
  return redis;
}

interface Connected {
  readonly client: Redis;
  /** "up", or the reason for being down, in their order. */
  readonly states: string[];
}

function connect(redis: Pick<TestRedis, "port">, user: Partial<RedisAddress> = {}): Connected {
  const address = { host: "127.0.0.1", port: redis.port, username: undefined, password: undefined, db: 0 };
  const states: string[] = [];
  const client = connectRedis(
    { ...address, ...user },
    { onUp: () => states.push("up"), onDown: (reason) => states.push(reason) },
  );
  closing.push(() => client.disconnect());
  return { client, states };
}

/** Long enough for several attempts to connect. */
async function afterSomeAttempts(client: Redis): Promise<void> {
  let attempts = 0;
  client.on("reconnecting", () => {
    attempts += 1;
  });
  await waitFor("some attempts to connect", () => attempts >= 4);
}

describe("a connection reports each change of its state once", () => {
  test("up", async () => {
    const { client, states } = connect(await server());
    await waitFor("it is up", () => states.length > 0);
    expect(states).toEqual(["up"]);
    expect(await client.ping()).toBe("PONG");
  });

  test("down while nothing listens, and up once something does", async () => {
    const redis = await server();
    await redis.crash();
    const { client, states } = connect(redis);
    await afterSomeAttempts(client);
    const reason = `connect ECONNREFUSED 127.0.0.1:${redis.port}: nothing listens there; start Redis or set REDIS_HOST and REDIS_PORT`;
    expect(states).toEqual([reason]);
    await redis.restart();
    await waitFor("it is up", () => states.length > 1);
    expect(states).toEqual([reason, "up"]);
  });

  test("down when Redis crashes, and up when it is back", async () => {
    const redis = await server();
    const { client, states } = connect(redis);
    await waitFor("it is up", () => states.length > 0);
    await redis.crash();
    await afterSomeAttempts(client);
    expect(states[0]).toBe("up");
    expect(states).not.toContain("");
    expect(states.filter((state) => state === "up")).toHaveLength(1);
    // The end of the connection, and then why it cannot be made anew.
    expect(states.slice(1)).toEqual([
      "the connection closed",
      expect.stringMatching(/^connect ECONNREFUSED .*: nothing listens there;/),
    ]);
    await redis.restart();
    await waitFor("it is up again", () => states.at(-1) === "up");
  });

  test("not down when it is closed on purpose", async () => {
    const { client, states } = connect(await server());
    await waitFor("it is up", () => states.length > 0);
    client.disconnect();
    await waitFor("it has ended", () => client.status === "end");
    expect(states).toEqual(["up"]);
  });
});

describe("a password", () => {
  const MISSING =
    /^NOAUTH .*: Redis asks for a password; set REDIS_PASSWORD \(and REDIS_USERNAME for an ACL user\)$/;
  const WRONG =
    /^WRONGPASS .*: Redis refuses this user or password; check REDIS_USERNAME and REDIS_PASSWORD$/;

  test.each<[string, Partial<RedisAddress>, RegExp]>([
    ["missing", {}, MISSING],
    ["wrong", { password: "wrong-secret" }, WRONG],
    ["of a user that does not exist", { username: "nobody", password: "wrong-secret" }, WRONG],
  ])("that is %s is told once, with what to do, and without the password", async (_, user, reason) => {
    const redis = await server("--requirepass", "right-secret");
    const { client, states } = connect(redis, user);
    await waitFor("it is down", () => states.length > 0);
    await afterSomeAttempts(client);
    expect(states).toEqual([expect.stringMatching(reason)]);
    expect(states.join()).not.toContain("secret");
  });

  test("that is missing and then not needed any more makes it up", async () => {
    const redis = await server("--requirepass", "right-secret");
    const { states } = connect(redis);
    await waitFor("it is down", () => states.length > 0);
    await redis.client.config("SET", "requirepass", "");
    await waitFor("it is up", () => states.includes("up"));
    expect(states).toEqual([expect.stringMatching(MISSING), "up"]);
  });

  test("that is right signs in, also as a user and to a database", async () => {
    const redis = await server("--requirepass", "right-secret");
    await redis.client.call("ACL", "SETUSER", "worker", "on", ">other-secret", "~*", "+@all");
    const all = [
      connect(redis, { password: "right-secret", db: 3 }),
      connect(redis, { username: "worker", password: "other-secret" }),
    ];
    await waitFor("both are up", () => all.every(({ states }) => states.includes("up")));
    await all[0]?.client.set("k", "1");
    expect(await redis.client.select(3)).toBe("OK");
    expect(await redis.client.get("k")).toBe("1");
    expect(await all[1]?.client.call("ACL", "WHOAMI")).toBe("worker");
  });
});

describe("while it is down, a command", () => {
  test("fails at once", async () => {
    const redis = await server();
    const { client, states } = connect(redis);
    await waitFor("it is up", () => states.length > 0);
    await redis.crash();
    await waitFor("it is down", () => states.length > 1);
    await expect(client.get("k")).rejects.toThrow();
  });

  test("that was under way fails, and none is sent twice", async () => {
    const redis = await server();
    const { client, states } = connect(redis);
    await waitFor("it is up", () => states.length > 0);
    redis.freeze();
    const command = client.incr("k");
    const failed = expect(command).rejects.toThrow();
    await redis.crash();
    await failed;
    await redis.restart();
    await waitFor("it is up again", () => states.at(-1) === "up");
    expect([null, "1"]).toContain(await redis.client.get("k"));
  });
});

describe("a server that has become a replica", () => {
  /** One address in front of servers, as a service in Kubernetes is; connections that there are stay. */
  async function service(target: TestRedis) {
    const made = { target, connections: 0, port: 0 };
    const front = createServer((near) => {
      made.connections += 1;
      const far = connectTo(made.target.port, "127.0.0.1");
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) {
        socket.on("error", () => {});
        socket.on("close", () => {
          near.destroy();
          far.destroy();
        });
      }
    });
    await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
    closing.push(() => front.close());
    made.port = (front.address() as AddressInfo).port;
    return made;
  }

  const isWritten = (client: Redis) => client.set("key", "value").then(Boolean, () => false);

  test("is left for the primary that has its address by now", async () => {
    const [first, second] = [await server(), await server()];
    const address = await service(first);
    const { client, states } = connect(address);
    await waitFor("it is up", () => states.length > 0);
    expect(await isWritten(client)).toBe(true);
    address.target = second;
    await first.client.replicaof("127.0.0.1", String(second.port));
    await waitFor("a write", () => isWritten(client));
    expect(await second.client.get("key")).toBe("value");
    expect(states).toEqual([
      "up",
      "it is a read-only replica; another server may be the primary there by now",
      "up",
    ]);
  });

  test("is not left at each write where it stays one", async () => {
    const redis = await server();
    const address = await service(redis);
    const { client, states } = connect(address);
    await waitFor("it is up", () => states.length > 0);
    await redis.client.replicaof("127.0.0.1", "1");
    await expect(client.set("key", "value")).rejects.toThrow("READONLY");
    await waitFor("it is up again", () => states.length === 3);
    for (let n = 0; n < 20; n += 1) await expect(client.set("key", "value")).rejects.toThrow("READONLY");
    expect(address.connections).toBe(2);
  });
});
