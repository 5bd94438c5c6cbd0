import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { COUNTS, COUNTS_SLOWLY } from "./handlers.ts";
import { Numbered } from "./numbered.ts";
import { useRedisPlace } from "./redis-place.ts";
import type { RuntimeProcess } from "./runtime-process.ts";
import type { Stage } from "./stage.ts";

const place = useRedisPlace();

const COUNT = { name: "count", code: COUNTS, triggers: [{ topic: "t", start: "oldest" }] };
/** Beyond what the documentation promises, there is no room: a takeover takes less than that. */
const TAKEOVER_SECONDS = 5;

/** An owner, and a standby. */
async function startBoth(stage: Stage): Promise<[owner: RuntimeProcess, standby: RuntimeProcess]> {
  const owner = stage.start();
  await owner.started();
  await waitFor("an owner", () => place.redis.client.hget("gaugelet:lease:{count}", "owner"));
  const standby = stage.start();
  await standby.started();
  await standby.logged("another runtime owns the function");
  return [owner, standby];
}

/** Seconds from now until an event has been stored by whoever took over. */
async function secondsToNextStore(from: number): Promise<number> {
  const before = (await place.counted())?.last ?? 0;
  await place.countedTo(before + 1);
  return (performance.now() - from) / 1000;
}

test("a standby goes on at once where the owner was killed", async () => {
  const stage = await place.set([COUNT]);
  let [owner, standby] = await startBoth(stage);
  const numbered = new Numbered(place.topics, "t");
  const stopSending = numbered.keepSending(500);
  const took: number[] = [];
  for (let turn = 0; turn < 6; turn += 1) {
    await sleep(500 + Math.random() * 1000);
    await owner.kill();
    const killed = performance.now();
    took.push(await secondsToNextStore(killed));
    owner = standby;
    standby = stage.start();
    await standby.started();
  }
  await stopSending();
  await place.expectCountedOnce(
    "one of two replicas killed",
    numbered,
    `taken over within ${took.map((seconds) => seconds.toFixed(2)).join(", ")} s`,
  );
  expect(Math.max(...took)).toBeLessThan(TAKEOVER_SECONDS);
});

test("a standby goes on within 5 s where the owner is silent, and whoever was silent writes nothing after", async () => {
  const stage = await place.set([{ ...COUNT, code: COUNTS_SLOWLY }]);
  let [owner, standby] = await startBoth(stage);
  const numbered = new Numbered(place.topics, "t");
  const stopSending = numbered.keepSending(200);
  const took: number[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    await sleep(1000 + Math.random() * 1000);
    await owner.pause();
    // What it had sent is stored at once; nothing of it comes later than that.
    await sleep(50);
    const paused = performance.now() - 50;
    took.push(await secondsToNextStore(paused));
    await sleep(Math.random() * 500);
    await owner.resume();
    await waitFor("the old owner to stand by", () =>
      owner.log.some(({ msg }) => msg.includes("has taken the function over")),
    );
    owner.log.length = 0;
    [owner, standby] = [standby, owner];
  }
  await stopSending();
  await place.expectCountedOnce(
    "owner paused",
    numbered,
    `taken over within ${took.map((seconds) => seconds.toFixed(2)).join(", ")} s`,
  );
  expect(Math.max(...took)).toBeLessThan(TAKEOVER_SECONDS);
});

test("an owner that wakes up changes nothing that there is", async () => {
  const triggers = [
    { topic: "t", start: "oldest" },
    { redisKey: "in:*", pollInterval: "200ms" },
  ];
  const stage = await place.set([{ ...COUNT, code: COUNTS, triggers }]);
  const [owner] = await startBoth(stage);
  const numbered = new Numbered(place.topics, "t");
  // Something is under way, from the topic and from a key, as the owner falls asleep.
  await numbered.send(40, () => ({ wait: 0.01 }));
  await place.countedTo(5);
  await place.redis.client.set("in:a", JSON.stringify({ n: 1_000, wait: 0.1 }));
  await sleep(50);
  await owner.pause();
  await place.countedTo(1_000);
  await waitFor("all events", async () => (await place.counted())?.count === 41);
  // How far the group is, for others to see, is written a little later.
  await sleep(2_500);
  const before = await place.contents();
  await owner.resume();
  await owner.logged("has taken the function over");
  await sleep(2_000);
  const after = await place.contents();
  expect([...after.keys()]).toEqual([...before.keys()]);
  for (const [key, content] of before) expect(after.get(key), key).toBe(content);
  expect((await place.counted())?.count).toBe(41);
});

test("a rolling restart loses nothing, and handles again at most what was under way", async () => {
  const stage = await place.set([{ ...COUNT, code: COUNTS }]);
  let [owner, standby] = await startBoth(stage);
  const numbered = new Numbered(place.topics, "t");
  const stopSending = numbered.keepSending(500);
  const took: number[] = [];
  for (let turn = 0; turn < 6; turn += 1) {
    await sleep(500 + Math.random() * 500);
    const asked = performance.now();
    expect(await owner.stop()).toBe(0);
    took.push(await secondsToNextStore(asked));
    owner = standby;
    standby = stage.start();
    await standby.started();
  }
  await stopSending();
  await place.expectCountedOnce(
    "rolling restart",
    numbered,
    `next event stored ${took.map((seconds) => seconds.toFixed(2)).join(", ")} s after SIGTERM`,
  );
});
