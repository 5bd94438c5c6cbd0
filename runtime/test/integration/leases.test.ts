import { setTimeout as sleep } from "node:timers/promises";
import { connectRedis } from "@gaugelet/shared/redis/connection";
import { waitFor } from "@gaugelet/testing/wait";
import { pino } from "pino";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Leases } from "../../src/leases/leases.ts";
import { useRuntime } from "./harness.ts";
import { type Party, useParties, want as wantLease } from "./lease-parties.ts";

const context = useRuntime();
const KEY = "gaugelet:lease:{f}";
/** As long as another one's silence is borne, and the looks around it. */
const SILENCE_SECONDS = 5;

const party = useParties(context);
const want = (of: Party, key = KEY) => wantLease(of, key);
const gained = (of: Party) => waitFor("the lease", () => of.heard.at(-1)?.startsWith("gained"));
const stoodBy = (of: Party) => waitFor("to stand by", () => of.heard.at(-1)?.startsWith("standby"));
const tokenOf = ({ heard }: Party): number => Number(heard.at(-1)?.replace("gained ", ""));

describe("a lease", () => {
  test("is gained by the first, and the second stands by and knows who has it", async () => {
    const [first, second] = [await party(), await party()];
    want(first);
    await gained(first);
    want(second);
    await stoodBy(second);
    expect(second.heard).toEqual(["standby: party 1"]);
    await sleep(SILENCE_SECONDS * 1000);
    expect([first.heard.length, second.heard.length]).toEqual([1, 1]);
  });

  test("that is released is the next one's soon, with a greater token", async () => {
    const [first, second] = [await party(), await party()];
    const lease = want(first);
    await gained(first);
    want(second);
    await stoodBy(second);
    const token = tokenOf(first);
    const released = performance.now();
    await lease.release();
    await gained(second);
    expect(performance.now() - released).toBeLessThan(2_000);
    expect(tokenOf(second)).toBeGreaterThan(token);
  });

  test("of somebody who is silent is taken over within 5 s, and not much sooner", async () => {
    const [first, second] = [await party(), await party()];
    want(first);
    await gained(first);
    want(second);
    await stoodBy(second);
    first.leases.stop();
    const silent = performance.now();
    await gained(second);
    const seconds = (performance.now() - silent) / 1000;
    expect(seconds).toBeGreaterThan(2.5);
    expect(seconds).toBeLessThan(SILENCE_SECONDS);
  });

  test("of a process of this machine that is gone is taken over at once", async () => {
    const machine = "this machine";
    const first = await party({ machine, process: "4194304 1" });
    const second = await party({ machine });
    want(first);
    await gained(first);
    first.leases.stop();
    const began = performance.now();
    want(second);
    await gained(second);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(second.heard).toHaveLength(1);
  });

  test("of a process of another machine is not taken for gone", async () => {
    const first = await party({ machine: "one machine", process: "4194304 1" });
    const second = await party({ machine: "another one" });
    want(first);
    await gained(first);
    want(second);
    await stoodBy(second);
    await sleep(1_500);
    expect(second.heard).toEqual(["standby: party 1"]);
  });

  test("that was taken from somebody who was paused is not theirs any more, and they hear of it", async () => {
    const [first, second] = [await party(), await party()];
    want(first);
    await gained(first);
    const token = tokenOf(first);
    // As if another one had watched it for long enough.
    const { id: owner, machine, process, place } = second.holder;
    await context.redis.client.hset(KEY, { owner, token: token + 1, machine, process, place });
    await waitFor("to hear who has it", () => first.heard.at(-1) === "standby: party 2");
    expect(first.heard.slice(1)).toEqual(["standby: another runtime", "standby: party 2"]);
  });

  test("that is given up before it was answered is nobody's", async () => {
    const first = await party();
    const lease = want(first);
    await lease.release();
    const second = await party();
    want(second);
    await gained(second);
    expect(first.heard).toEqual([]);
  });

  test("has greater tokens also where Redis lost it", async () => {
    const [first, second] = [await party(), await party()];
    want(first);
    await gained(first);
    const token = tokenOf(first);
    await context.redis.client.del(KEY);
    want(second);
    await waitFor("a new owner", () => second.heard.some((each) => each.startsWith("gained")));
    const [taken = ""] = second.heard.filter((each) => each.startsWith("gained"));
    expect(Number(taken.replace("gained ", ""))).toBeGreaterThan(token);
  });

  test("has greater tokens also where Redis went back to an older state of it", async () => {
    const [first, second, third] = [await party(), await party(), await party()];
    const lease = want(first);
    await gained(first);
    const before = await context.redis.client.dumpBuffer(KEY);
    await lease.release();
    const next = want(second);
    await gained(second);
    const token = tokenOf(second);
    await next.release();
    await context.redis.client.restore(KEY, 0, before as Buffer, "REPLACE");
    await context.redis.client.hset(KEY, "owner", "");
    want(third);
    await gained(third);
    expect(tokenOf(third)).toBeGreaterThan(token);
  });

  test("that the rights do not cover is everybody's, and a warning says so once", async () => {
    await context.redis.client.call("ACL", "SETUSER", "student", "on", ">pw", "~other*", "&*", "+@all");
    const student = await party({}, { name: "student", password: "pw" });
    want(student);
    want(student, "gaugelet:lease:{g}");
    await waitFor("both", () => student.heard.length === 2);
    expect(student.heard).toEqual(["gained undefined", "gained undefined"]);
    expect(student.log.filter((line) => line.includes("do not cover gaugelet:lease:*"))).toHaveLength(1);
  });
});

describe("leases where Redis is away", () => {
  test("stay with their owner, however long that was", async () => {
    const [first, second] = [await party(), await party()];
    want(first);
    await gained(first);
    want(second);
    await stoodBy(second);
    await context.redis.crash();
    await sleep(5_000);
    await context.redis.restart();
    await waitFor("connections", () => [first, second].every(({ redis }) => redis.status === "ready"));
    await sleep(3_000);
    expect(first.heard).toHaveLength(1);
    expect(second.heard).toEqual(["standby: party 1"]);
  });

  test("stay with their owner where Redis hung", async () => {
    const [first, second] = [await party(), await party()];
    want(first);
    await gained(first);
    want(second);
    await stoodBy(second);
    context.redis.freeze();
    await sleep(6_000);
    context.redis.thaw();
    await sleep(2_000);
    expect(first.heard).toHaveLength(1);
    expect(second.heard).toEqual(["standby: party 1"]);
  });

  test("are asked for once it is there", async () => {
    await context.redis.crash();
    const redis = connectRedis({
      host: "127.0.0.1",
      port: context.redis.port,
      username: undefined,
      password: undefined,
      db: 0,
    });
    const heard: string[] = [];
    const leases = new Leases(redis, pino({ enabled: false }));
    leases.want(KEY, {
      onGained: () => void heard.push("gained"),
      onStandby: () => void heard.push("standby"),
    });
    await sleep(300);
    expect(heard).toEqual([]);
    await context.redis.restart();
    await waitFor("the lease", () => heard.length > 0);
    expect(heard).toEqual(["gained"]);
    leases.stop();
    redis.disconnect();
  });
});

describe("a lease that Redis has lost", () => {
  test("is said to be nobody's, and is gained again, at once where somebody has it checked", async () => {
    // Without these it is never renewed.
    vi.useFakeTimers({ toFake: ["setInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const only = await party();
    const lease = want(only);
    await gained(only);
    for (let round = 1; round <= 5; round += 1) {
      const before = tokenOf(only);
      await context.redis.client.del(KEY);
      lease.check();
      await waitFor("the lease", () => only.heard.length === 1 + 2 * round);
      expect(only.heard.at(-2)).toBe("standby: nobody: Redis has lost the lease");
      expect(tokenOf(only)).toBeGreaterThan(before);
    }
  });

  test("costs no other one, where somebody wrote something else in its place", async () => {
    const [first, second] = [await party(), await party()];
    want(first);
    await gained(first);
    want(first, "gaugelet:lease:{g}");
    await waitFor("both", () => first.heard.length === 2);
    want(second, "gaugelet:lease:{g}");
    await stoodBy(second);
    await context.redis.client.del(KEY);
    await context.redis.client.set(KEY, "a stranger's");
    await sleep(SILENCE_SECONDS * 1000);
    expect(second.heard).toHaveLength(1);
    await context.redis.client.del(KEY);
    await waitFor("the lease", () => first.heard.length === 4);
    expect(first.heard.at(-1)).toMatch(/^gained/);
  });
});

test("1,000 leases are kept, and all of them taken over", async () => {
  const [first, second] = [await party(), await party()];
  const keys = Array.from({ length: 1_000 }, (_, number) => `gaugelet:lease:{f${number}}`);
  for (const key of keys) want(first, key);
  await waitFor("all", () => first.heard.length === keys.length);
  for (const key of keys) want(second, key);
  await waitFor("all to stand by", () => second.heard.length === keys.length);
  await sleep(SILENCE_SECONDS * 1000);
  expect(second.heard.every((each) => each.startsWith("standby"))).toBe(true);
  expect(first.heard).toHaveLength(keys.length);
  first.leases.stop();
  await waitFor("all", () => second.heard.length === 2 * keys.length);
});
