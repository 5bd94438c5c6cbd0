import { once } from "node:events";
import { type AddressInfo, connect as connectTo, createServer, type Socket } from "node:net";
import { documentedRights } from "@gaugelet/testing/documented-rights";
import { freePort } from "@gaugelet/testing/ports";
import { startSentinels, type TestSentinels } from "@gaugelet/testing/redis-sentinel";
import { waitFor } from "@gaugelet/testing/wait";
import { afterEach, describe, expect, test } from "vitest";
import type { RedisAddress } from "../src/redis/address.ts";
import { connectRedis } from "../src/redis/connection.ts";
import { redisAddressFrom } from "../src/redis/environment.ts";
import { KeyChanges } from "../src/redis/key-changes.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function sentinels(password?: string): Promise<TestSentinels> {
  const started = await startSentinels(password);
  closing.push(() => started.stop());
  return started;
}

const addressOf = ({ ports, name }: TestSentinels, more: Record<string, string> = {}): RedisAddress =>
  redisAddressFrom({
    REDIS_SENTINELS: ports.map((port) => `127.0.0.1:${port}`).join(", "),
    REDIS_SENTINEL_NAME: name,
    ...more,
  });

function connect(address: RedisAddress) {
  const states: string[] = [];
  const client = connectRedis(address, {
    onUp: () => states.push("up"),
    onDown: (reason) => states.push(reason),
  });
  closing.push(() => client.disconnect());
  return { client, states };
}

function watch(address: RedisAddress) {
  const keys: string[] = [];
  const states: string[] = [];
  let unknown = 0;
  const changes = new KeyChanges(address, ["k"], (pushing, reason) => {
    states.push(pushing ? "pushing" : reason);
  });
  closing.push(() => changes.stop());
  changes.listen({
    onChanged: (changed) => keys.push(...changed),
    onUnknown: () => {
      unknown += 1;
    },
  });
  return { changes, keys, states, unknown: () => unknown };
}

describe("after a fail-over, commands go to the new primary and its changes are heard,", () => {
  test.each<[string, (setup: TestSentinels) => Promise<void> | void]>([
    ["crashed", (setup: TestSentinels) => setup.primary.crash()],
    ["hangs", (setup: TestSentinels) => setup.primary.freeze()],
  ])("where the primary %s", async (_, lose) => {
    const setup = await sentinels();
    const { client, states } = connect(addressOf(setup));
    const heard = watch(addressOf(setup));
    await waitFor("it is up and hears", () => states.includes("up") && heard.changes.pushing);
    await client.set("k1", "before");
    await waitFor("k1 is heard of", () => heard.keys.includes("k1"));
    expect(await setup.primary.client.get("k1")).toBe("before");
    await waitFor("the replica has it", async () => (await setup.replica.client.get("k1")) === "before");
    const known = heard.unknown();

    await lose(setup);
    await setup.failedOver();
    await waitFor("it can be written", () => client.set("k2", "after").catch(() => undefined));
    expect(await setup.replica.client.get("k2")).toBe("after");
    await waitFor(
      "it hears again, and knows that it missed something",
      () => heard.changes.pushing && heard.unknown() > known,
    );
    await client.set("k3", "after");
    await waitFor("k3 is heard of", () => heard.keys.includes("k3"));
    expect(states.at(-1)).toBe("up");
    expect(heard.states.at(-1)).toBe("pushing");
    setup.primary.thaw();
  });
});

/**
 * What clients ask a Sentinel through: once held, nobody is told the primary until the Sentinel has announced
 * a fail-over.
 */
async function holdBack(sentinelPort: number): Promise<{ port: number; hold(): void }> {
  const sockets = new Set<Socket>();
  let holds = false;
  const held: (() => void)[] = [];
  const server = createServer((client) => {
    const sentinel = connectTo(sentinelPort, "127.0.0.1");
    for (const socket of [client, sentinel]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
    client.on("close", () => sentinel.destroy());
    client.on("data", (asked) => {
      if (holds && asked.includes("get-master-addr-by-name")) held.push(() => sentinel.write(asked));
      else sentinel.write(asked);
    });
    sentinel.on("data", (told) => {
      client.write(told);
      if (!told.includes("+switch-master")) return;
      holds = false;
      setTimeout(() => {
        for (const release of held.splice(0)) release();
      }, 100);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    hold() {
      holds = true;
    },
  };
}

test("a fail-over that is announced while the primary is asked for does not end a connection", async () => {
  const setup = await sentinels();
  const gates = await Promise.all(setup.ports.map(holdBack));
  const states: string[] = [];
  const client = connectRedis(
    addressOf({ ...setup, ports: gates.map(({ port }) => port) }),
    { onUp: () => states.push("up") },
    // Else the Sentinels tell where they are themselves, past the gates.
    { updateSentinels: false },
  );
  const toldOfFailOvers = once(client, "failoverSubscribed");
  closing.push(() => client.disconnect());
  await waitFor("it is up", () => states.includes("up"));
  await toldOfFailOvers;
  for (const gate of gates) gate.hold();
  await setup.primary.crash();
  await setup.failedOver();
  await waitFor("it can be written", () => client.set("k", "after").catch(() => undefined));
  expect(await setup.replica.client.get("k")).toBe("after");

  client.disconnect();
  await waitFor("it has ended", () => client.status === "end");
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(client.status).toBe("end");
});

describe("why no primary is found is told once:", () => {
  test("a name that no Sentinel knows", async () => {
    const { states } = connect(addressOf(await sentinels(), { REDIS_SENTINEL_NAME: "mymaster" }));
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    expect(states).toEqual(["no Sentinel knows a primary named mymaster; check REDIS_SENTINEL_NAME"]);
  });

  test("a primary that is gone, and no other in its place", async () => {
    const setup = await sentinels();
    const { client, states } = connect(addressOf(setup));
    await waitFor("it is up", () => states.includes("up"));
    let rounds = 0;
    client.on("error", ({ message }: Error) => {
      if (message.startsWith("All sentinels are unreachable")) rounds += 1;
    });
    await setup.replica.crash();
    await setup.primary.crash();
    await waitFor("all Sentinels to be asked twice", () => rounds >= 2);
    const told = states.slice(states.findIndex((state) => state.includes("ECONNREFUSED")));
    expect(told).toEqual([
      `connect ECONNREFUSED 127.0.0.1:${setup.primary.port}: nothing listens there, and the Sentinels name no other primary yet`,
    ]);
  });

  test("no Sentinel there", async () => {
    const port = await freePort();
    const { states } = connect(
      redisAddressFrom({ REDIS_SENTINELS: `127.0.0.1:${port}`, REDIS_SENTINEL_NAME: "gauges" }),
    );
    await new Promise((resolve) => setTimeout(resolve, 1_600));
    expect(states).toEqual(["no Sentinel answers; check REDIS_SENTINELS"]);
  });

  test("a password of the Sentinels that is missing or wrong; with the right one it is up", async () => {
    const setup = await sentinels("sentinel-secret");
    const without = connect(addressOf(setup));
    const wrong = connect(addressOf(setup, { REDIS_SENTINEL_PASSWORD: "wrong-secret" }));
    const right = connect(addressOf(setup, { REDIS_SENTINEL_PASSWORD: "sentinel-secret" }));
    await waitFor("all are told", () => [without, wrong, right].every(({ states }) => states.length > 0));
    expect(without.states).toEqual([
      expect.stringMatching(/^no Sentinel can be asked: NOAUTH .*: check REDIS_SENTINEL_PASSWORD$/),
    ]);
    expect(wrong.states).toEqual([
      expect.stringMatching(/^no Sentinel can be asked: WRONGPASS .*: check REDIS_SENTINEL_PASSWORD$/),
    ]);
    expect(right.states).toEqual(["up"]);
    expect([...without.states, ...wrong.states].join()).not.toContain("secret");
  });
});

test("a user of the Sentinels with the documented rights is enough, also to hear of a fail-over", async () => {
  const setup = await sentinels();
  const [command = "", ...rights] = await documentedRights("asker");
  for (const client of setup.clients) await client.call(command, ...rights);
  const signIn = { REDIS_SENTINEL_USERNAME: "asker", REDIS_SENTINEL_PASSWORD: "password" };
  const { client, states } = connect(addressOf(setup, signIn));
  await waitFor("it is up", () => states.includes("up"));
  // It hangs, so that only the Sentinels can tell.
  setup.primary.freeze();
  await setup.failedOver();
  await waitFor("it can be written", () => client.set("k", "after").catch(() => undefined));
  expect(await setup.replica.client.get("k")).toBe("after");
  for (const each of setup.clients) {
    const denials = (await each.call("ACL", "LOG")) as unknown[];
    // The library introduces itself; that this is refused does no harm.
    expect(denials.filter((denial) => !JSON.stringify(denial).includes("setinfo"))).toEqual([]);
  }
  setup.primary.thaw();
});
