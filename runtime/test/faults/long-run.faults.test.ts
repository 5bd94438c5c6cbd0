import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { kill } from "../integration/functions.ts";
import { COUNTS } from "./handlers.ts";
import { countedOnce, Numbered, report, tallyOfCounted } from "./numbered.ts";
import { useRedisPlace } from "./redis-place.ts";

const EVENTS = 1_000_000;
/** More events than this wait for nobody: a topic keeps a million, and what it drops would be lost. */
const MOST_AHEAD = 200_000;

const place = useRedisPlace(["--appendfsync", "everysec"]);

test(
  "a million events, with a worker or a replica killed every now and then",
  async () => {
    const stage = await place.set([
      { name: "count", code: COUNTS, triggers: [{ topic: "t", start: "oldest" }] },
    ]);
    const numbered = new Numbered(place.topics, "t");
    const replicas = [stage.start(), stage.start()];
    await Promise.all(replicas.map((replica) => replica.started()));
    const sending = (async () => {
      while (numbered.sent < EVENTS) {
        const done = (await place.counted())?.last ?? 0;
        if (numbered.sent - done > MOST_AHEAD) await sleep(100);
        else await numbered.send(Math.min(5_000, EVENTS - numbered.sent));
      }
    })();
    const killed = { workers: 0, replicas: 0 };
    const began = performance.now();
    const isOver = async (): Promise<boolean> => (await place.counted())?.last === EVENTS;
    while (!(await isOver())) {
      await sleep(500 + Math.random() * 3_000);
      const which = Math.floor(Math.random() * replicas.length);
      const replica = replicas[which];
      if (replica === undefined) continue;
      if (Math.random() < 0.5) {
        const [worker] = await replica.workers();
        if (worker !== undefined && kill(worker)) killed.workers += 1;
      } else {
        await replica.kill();
        killed.replicas += 1;
        replicas[which] = stage.start();
      }
    }
    await sending;
    const counted = await waitFor("the last event", async () => {
      const found = await place.counted();
      return found?.last === EVENTS && found;
    });
    const seconds = (performance.now() - began) / 1000;
    report(
      "a million events",
      tallyOfCounted(numbered.sent, counted),
      `${killed.workers} workers and ${killed.replicas} replicas killed, ${seconds.toFixed(0)} s`,
    );
    expect(counted).toEqual(countedOnce(EVENTS));
  },
  15 * 60_000,
);
