import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { readdir, stat, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COUNTS } from "./handlers.ts";
import { countedOnce, Numbered, report, tallyOfCounted } from "./numbered.ts";
import { useRedisPlace } from "./redis-place.ts";

const COUNT = { name: "count", code: COUNTS, triggers: [{ topic: "t", start: "oldest" }] };

describe("append-only file, written out before each answer", () => {
  const place = useRedisPlace(["--appendfsync", "always", "--enable-protected-configs", "yes"]);

  test("a Redis that is killed again and again loses nothing", async () => {
    const stage = await place.set([COUNT]);
    const replica = stage.start();
    await replica.started();
    const numbered = new Numbered(place.topics, "t", true);
    const stopSending = numbered.keepSending(1_000);
    let killed = 0;
    for (let turn = 0; turn < 8; turn += 1) {
      await sleep(500 + Math.random() * 1_000);
      await place.redis.crash();
      killed += 1;
      await sleep(Math.random() * 1_500);
      await place.redis.restart();
    }
    await stopSending();
    await place.expectCountedOnce("Redis killed, always", numbered, `${killed} kills`);
  });

  test("a Redis and its runtimes that are killed together lose nothing", async () => {
    const stage = await place.set([COUNT]);
    const numbered = new Numbered(place.topics, "t", true);
    const stopSending = numbered.keepSending(1_000);
    let killed = 0;
    for (let turn = 0; turn < 4; turn += 1) {
      const replicas = [stage.start(), stage.start()];
      await Promise.all(replicas.map((replica) => replica.started()));
      await sleep(500 + Math.random() * 500);
      await Promise.all([place.redis.crash(), ...replicas.map((replica) => replica.kill())]);
      killed += 1;
      await place.redis.restart();
    }
    stage.start();
    await stopSending();
    await place.expectCountedOnce("Redis and runtimes killed, always", numbered, `${killed} kills`);
  });

  test("a Redis that could not take its snapshot keeps events waiting, and goes on when there is room", async () => {
    const stage = await place.set([COUNT]);
    const replica = stage.start();
    await replica.started();
    const numbered = new Numbered(place.topics, "t", true);
    const stopSending = numbered.keepSending(500);
    await place.countedTo(200);
    const { client } = place.redis;
    await client.config("SET", "stop-writes-on-bgsave-error", "yes");
    await client.config("SET", "save", "3600 1000000");
    // What Redis says of a disk that is full: the last snapshot failed, so it takes no more writes.
    await client.config("SET", "dbfilename", "x".repeat(300));
    await client.bgsave().catch(() => {});
    await waitFor("MISCONF", async () =>
      (await client.set("probe", "1").catch((error: Error) => error.message))?.startsWith("MISCONF"),
    );
    await replica.logged(/MISCONF/);
    const during = (await place.counted())?.last ?? 0;
    await sleep(3_000);
    expect((await place.counted())?.last).toBe(during);
    await client.config("SET", "dbfilename", "dump.rdb");
    await client.config("SET", "save", "");
    await client.bgsave();
    await waitFor("writes again", async () => (await client.set("probe", "1").catch(() => "")) === "OK");
    const back = performance.now();
    await place.countedTo(during + 1);
    const took = (performance.now() - back) / 1000;
    await stopSending();
    await place.expectCountedOnce(
      "Redis that cannot write its snapshot",
      numbered,
      `went on ${took.toFixed(2)} s after`,
    );
  });
});

describe("append-only file, written out once a second", () => {
  const place = useRedisPlace(["--appendfsync", "everysec"]);

  test("a Redis whose process is killed and whose machine goes on loses nothing that it had written", async () => {
    const stage = await place.set([COUNT]);
    await stage.start().started();
    const numbered = new Numbered(place.topics, "t", true);
    const stopSending = numbered.keepSending(1_000);
    let killed = 0;
    for (let turn = 0; turn < 6; turn += 1) {
      await sleep(500 + Math.random() * 1_000);
      await place.redis.crash();
      killed += 1;
      await place.redis.restart();
    }
    await stopSending();
    const counted = await waitFor("the last event", async () => {
      const found = await place.counted();
      return found?.last === numbered.sent && found;
    });
    const tally = tallyOfCounted(numbered.sent, counted);
    report("Redis killed, everysec", tally, `${killed} kills`);
    // The system may have had up to two seconds of writes yet to be given by Redis; what is there is there once.
    expect(tally.doubled).toBe(0);
  });

  test("what a power cut leaves of the file is handled once, also where no event comes after", async () => {
    const stage = await place.set([COUNT]);
    const replica = stage.start();
    await replica.started();
    const numbered = new Numbered(place.topics, "t", true);
    await numbered.send(2_000);
    await place.countedTo(2_000);
    await sleep(1_500);
    const file = await appendOnlyFile(place.redis.folder);
    const before = await stat(file);
    // These are there, and what became of the last of them is not.
    await numbered.send(500);
    const published = (await stat(file)).size;
    await place.countedTo(numbered.sent);
    await place.redis.crash();
    const whole = (await stat(file)).size;
    expect(published).toBeGreaterThan(before.size);
    await truncate(file, whole - 2_000);
    await place.redis.restart();
    await replica.logged("Redis lost what it had stored");
    const events = await place.redis.client.xlen("gaugelet:topic:t");
    const counted = await place.countedTo(events, 20);
    report(
      "power cut, everysec",
      tallyOfCounted(events, counted),
      `${numbered.sent - events} more were sent and cut off`,
    );
    expect(counted).toEqual(countedOnce(events));
  });
});

describe("append-only file on a small disk", () => {
  const disk = mkdtempSync(join(tmpdir(), "gaugelet-disk-"));
  beforeAll(() => {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
  });
  afterAll(() => {
    execFileSync("umount", [disk]);
    rmdirSync(disk);
  });
  const place = useRedisPlace(["--dir", disk, "--appendfsync", "everysec"]);

  test("a Redis whose disk is full keeps events waiting, and goes on when there is room", async () => {
    const stage = await place.set([COUNT]);
    const replica = stage.start();
    await replica.started();
    const numbered = new Numbered(place.topics, "t", true);
    const stopSending = numbered.keepSending(1_000);
    await replica.logged(/MISCONF/, 60);
    await sleep(2_000);
    const during = (await place.counted())?.last ?? 0;
    await sleep(3_000);
    expect((await place.counted())?.last).toBe(during);
    execFileSync("mount", ["-o", "remount,size=200m", disk]);
    const back = performance.now();
    await place.countedTo(during + 1);
    const took = (performance.now() - back) / 1000;
    await stopSending();
    const counted = await place.countedTo(numbered.sent);
    const tally = tallyOfCounted(numbered.sent, counted);
    report("Redis' disk full", tally, `went on ${took.toFixed(2)} s after there was room`);
    expect(counted).toEqual(countedOnce(numbered.sent));
  });
});

/** The part of the append-only file that grows. */
async function appendOnlyFile(folder: string): Promise<string> {
  const parts = join(folder, "appendonlydir");
  const name = (await readdir(parts)).find((each) => each.endsWith(".incr.aof"));
  if (name === undefined) throw new Error(`${parts} has no file that grows`);
  return join(parts, name);
}
