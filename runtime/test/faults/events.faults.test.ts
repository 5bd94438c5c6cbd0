import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { deadLetterKey } from "@gaugelet/shared/keys";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { COUNTS, writesOutside } from "./handlers.ts";
import { Numbered, report, tallyOf, tallyOfCounted } from "./numbered.ts";
import { useRedisPlace } from "./redis-place.ts";

const place = useRedisPlace();

const COUNT = { name: "count", code: COUNTS, triggers: [{ topic: "t", start: "oldest" }] };

test("events that end their worker each time go to the dead letters, and no other is lost", async () => {
  // Ends its process: nothing can be caught.
  const code = COUNTS.replace('raise ValueError("poison")', "import os; os._exit(1)");
  const retries = { attempts: 3, backoff: { from: "20ms", to: "50ms" } };
  const stage = await place.set([{ ...COUNT, code, triggers: [{ topic: "t", start: "oldest", retries }] }]);
  const replica = stage.start();
  await replica.started();
  const numbered = new Numbered(place.topics, "t");
  const isPoison = (n: number): boolean => n % 500 === 0;
  await numbered.send(2_499, (n) => (isPoison(n) ? { poison: true } : {}));
  const counted = await place.countedTo(numbered.sent, 120);
  const letters = await place.redis.client.xrange(deadLetterKey("count"), "-", "+");
  const aside = letters.map(([, fields]) => {
    const event = JSON.parse(fields[fields.indexOf("event") + 1] ?? "") as { n: number };
    return event.n;
  });
  const tally = tallyOfCounted(numbered.sent - aside.length, counted);
  report("events that end their worker", tally, `${aside.length} put aside`);
  expect(aside).toEqual([500, 1_000, 1_500, 2_000]);
  expect(counted).toMatchObject({ count: numbered.sent - 4, doubled: 0, last: numbered.sent });
  expect(counted.gaps).toEqual(aside.map((n) => [n, n]));
});

test("events that fail and a runtime that is killed: each goes to the dead letters once, and no other is lost", async () => {
  const retries = { attempts: 2, backoff: { from: "50ms", to: "200ms" } };
  const code = writesOutside(place.redis.port).replace(
    "    global connection\n",
    '    global connection\n    if input.get("poison"):\n        raise ValueError("poison")\n',
  );
  const triggers = [{ topic: "t", start: "oldest", retries }];
  const stage = await place.set([{ name: "outside-writer", code, state: "none", triggers }]);
  const numbered = new Numbered(place.topics, "t");
  await numbered.send(3_000, (n) => (n % 100 === 0 ? { poison: true } : {}));
  let killed = 0;
  for (let turn = 0; turn < 3; turn += 1) {
    const replica = stage.start();
    const before = await place.redis.client.llen("outside");
    await waitFor("some progress", async () => (await place.redis.client.llen("outside")) > before + 100);
    await replica.kill();
    killed += 1;
  }
  stage.start();
  const dead = async (): Promise<number[]> =>
    (await place.redis.client.xrange(deadLetterKey("outside-writer"), "-", "+")).map(
      ([, fields]) => (JSON.parse(fields[fields.indexOf("event") + 1] ?? "") as { n: number }).n,
    );
  // Of what a killed runtime had taken from the delay set others keep away for the time of a call, and a minute.
  await waitFor("all letters", async () => new Set(await dead()).size === 30, 180);
  const outside = (await place.redis.client.lrange("outside", 0, -1)).map(Number);
  const tally = tallyOf(numbered.sent, [...outside, ...(await dead())]);
  report("events that fail, runtime killed", tally, `${killed} kills, ${(await dead()).length} put aside`);
  expect(tally.lost).toBe(0);
});

test("a topic that is deleted under a running trigger, and made anew, is read on", async () => {
  const stage = await place.set([COUNT]);
  await stage.start().started();
  const numbered = new Numbered(place.topics, "t");
  let deletions = 0;
  for (let turn = 0; turn < 5; turn += 1) {
    await numbered.send(1_000);
    await place.countedTo(numbered.sent);
    await place.topics.delete("t");
    deletions += 1;
    await sleep(turn * 300);
    await place.topics.create("t", {});
  }
  await numbered.send(1_000);
  await place.expectCountedOnce("topic deleted", numbered, `${deletions} deletions`);
});

test("a topic that is deleted while its events are handled: what was not handled is gone, nothing is doubled", async () => {
  const stage = await place.set([
    { ...COUNT, code: COUNTS.replace("n, last", "time.sleep(0.001); n, last") },
  ]);
  const replica = stage.start();
  await replica.started();
  const numbered = new Numbered(place.topics, "t");
  await numbered.send(3_000);
  await place.countedTo(300);
  await place.topics.delete("t");
  await replica.logged("topic t does not exist; it is waited for");
  await sleep(1_000);
  const before = await place.counted();
  await numbered.send(500);
  const counted = await place.countedTo(numbered.sent);
  const deleted = 3_000 - (before?.last ?? 0);
  const tally = tallyOfCounted(numbered.sent - deleted, counted);
  report("topic deleted with events in it", tally, `${deleted} were deleted with it`);
  expect(tally.lost).toBe(0);
  expect(counted.doubled).toBe(0);
  expect(counted.count - (before?.count ?? 0)).toBe(500);
});

test("clocks that jump, of the runtime and of whoever takes over, lose nothing", async () => {
  const stage = await place.set([COUNT]);
  const clock = join(stage.folder, "clock");
  const [, library = ""] =
    /LD_PRELOAD=(\S+)/.exec(execFileSync("faketime", ["-f", "+0", "env"]).toString()) ?? [];
  const environment = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: clock,
    FAKETIME_NO_CACHE: "1",
    // Clocks that count from the start of the machine do not jump.
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
  };
  await writeFile(clock, "+0");
  let owner = stage.start({ environment });
  await owner.started();
  const numbered = new Numbered(place.topics, "t");
  const stopSending = numbered.keepSending(500);
  const jumps = ["+2h", "-1h", "+30d", "-30d", "+0"];
  for (const jump of jumps) {
    await writeFile(clock, jump);
    const before = (await place.counted())?.last ?? 0;
    await sleep(1_000);
    await place.countedTo(before + 1);
    const other = stage.start(jump.startsWith("+") ? { environment } : {});
    await other.started();
    const { text } = await owner.ask("/metrics");
    expect(text).toContain("gaugelet_function_invocations_total");
    await owner.kill();
    owner = other;
    await place.countedTo(((await place.counted())?.last ?? 0) + 1);
  }
  await stopSending();
  await place.expectCountedOnce("clock jumps", numbered, `by ${jumps.join(", ")}`);
});
