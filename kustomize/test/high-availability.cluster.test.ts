import { fileURLToPath } from "node:url";
import { kubectl } from "@gaugelet/stack/kubernetes/kubectl";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { build } from "./build.ts";
import { cleanUp, exactly, inside, PATIENCE_SECONDS, prepare, rolledOut, WORKLOADS } from "./on-cluster.ts";

/** The pod that the Sentinels call the primary. */
async function primary(): Promise<string> {
  const asked = ["sentinel", "get-master-addr-by-name", "gaugelet"];
  const said = await inside("exec", "redis-sentinel-0", "--", "redis-cli", "-p", "26379", ...asked);
  return said.split(/[.\n]/)[0] ?? "";
}

const onPrimary = async (...args: string[]): Promise<string> =>
  (await inside("exec", await primary(), "--", "redis-cli", ...args)).trim();

/** Numbered events, which a replica has as well when this returns. */
async function send(first: number, last: number): Promise<void> {
  const script = `for number = ARGV[1], ARGV[2] do redis.call('XADD', KEYS[1], '*', 'event', '{"number":' .. string.format('%d', number) .. '}') end`;
  // One connection: WAIT is for what it has written itself.
  const commands = `eval "${script.replaceAll('"', '\\"')}" 1 gaugelet:topic:numbers ${first} ${last}\nwait 1 10000\n`;
  const said = await kubectl(
    ["exec", "--stdin", "--namespace=gaugelet", await primary(), "--", "redis-cli"],
    commands,
  );
  expect(said.trim().split("\n").at(-1)).toMatch(/[12]/);
}

/** Redis' own name for the process that is the primary: a pod that is there anew has another one. */
async function processOfPrimary(): Promise<string> {
  const name = /run_id:(\w+)/.exec(await onPrimary("info", "server"))?.[1];
  if (name === undefined) throw new Error("the primary does not say which process it is");
  return name;
}

/** A primary refuses writes until one of the others follows it. @param before the process that was the primary. */
async function replaced(before: string): Promise<void> {
  await waitFor(
    "another primary that has a replica",
    async () =>
      (await processOfPrimary()) !== before && /state=online/.test(await onPrimary("info", "replication")),
    PATIENCE_SECONDS,
  );
}

async function counted(): Promise<{ count: number; newest: number } | undefined> {
  const text = await onPrimary("get", "gaugelet:output:counter");
  return text === "" ? undefined : JSON.parse(text);
}

describe("the component high-availability, on the cluster that kubectl points at", () => {
  beforeAll(
    async () => {
      await prepare((await build("test/high-availability")).objects);
      await kubectl(["apply", "--kustomize", fileURLToPath(new URL("high-availability", import.meta.url))]);
      await rolledOut(...WORKLOADS, "statefulset/redis-sentinel");
    },
    2 * PATIENCE_SECONDS * 1000,
  );

  afterAll(() => cleanUp(), PATIENCE_SECONDS * 1000);

  test("the replicas follow the primary", async () => {
    await waitFor(
      "two replicas",
      async () => /connected_slaves:2/.test(await onPrimary("info", "replication")),
      PATIENCE_SECONDS,
    );
    await send(1, 2000);
    await waitFor("all to be handled", async () => (await counted())?.newest === 2000);
    expect(await counted()).toMatchObject(exactly(2000));
  });

  test("events are counted once past a primary that is killed", async () => {
    const before = await primary();
    const process = await processOfPrimary();
    const killed = performance.now();
    await inside("delete", "pod", before, "--grace-period=0", "--force");
    // Where its pod is there anew before the Sentinels miss it, it goes on as the primary with what it has on its disk.
    await replaced(process);
    const now = await primary();
    const who = now === before ? "the same primary is back" : "there is another primary";
    console.log(`${who}, with a replica, after ${((performance.now() - killed) / 1000).toFixed(1)} s`);
    await send(2001, 4000);
    await waitFor("all to be handled", async () => (await counted())?.newest === 4000, PATIENCE_SECONDS);
    expect(await counted()).toMatchObject(exactly(4000));
    console.log(`all handled after ${((performance.now() - killed) / 1000).toFixed(1)} s: 0 lost, 0 doubled`);
  });

  test("events are counted once past a fail-over", async () => {
    const before = await primary();
    const process = await processOfPrimary();
    await waitFor(
      "the Sentinels to take another one",
      async () => {
        await inside(
          "exec",
          "redis-sentinel-0",
          "--",
          "redis-cli",
          "-p",
          "26379",
          "sentinel",
          "failover",
          "gaugelet",
        );
        await waitFor("another primary", async () => (await primary()) !== before);
        return true;
      },
      PATIENCE_SECONDS,
    );
    await replaced(process);
    await send(4001, 6000);
    await waitFor("all to be handled", async () => (await counted())?.newest === 6000, PATIENCE_SECONDS);
    expect(await counted()).toMatchObject(exactly(6000));
  });
});
