import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "@gaugelet/testing/wait";
import { expect, test } from "vitest";
import { kill } from "../integration/functions.ts";
import { COUNTS, COUNTS_SLOWLY, PASSES, writesOutside } from "./handlers.ts";
import { countedOnce, Numbered, report, tallyOf, tallyOfCounted } from "./numbered.ts";
import { useRedisPlace } from "./redis-place.ts";

const place = useRedisPlace();

const COUNT = { name: "count", code: COUNTS, triggers: [{ topic: "t", start: "oldest" }] };

test("workers that are killed lose nothing, and env has each event once", async () => {
  const stage = await place.set([COUNT]);
  const replica = stage.start();
  await replica.started();
  const numbered = new Numbered(place.topics, "t");
  const sending = numbered.send(20_000);
  let killed = 0;
  for (let turn = 0; turn < 8; turn += 1) {
    await sleep(100 + Math.random() * 200);
    const [worker] = await replica.workers();
    if (worker !== undefined && kill(worker)) killed += 1;
  }
  await sending;
  const counted = await place.countedTo(numbered.sent);
  report("workers killed", tallyOfCounted(numbered.sent, counted), `${killed} kills`);
  expect(counted).toEqual(countedOnce(numbered.sent));
});

test("a runtime that is killed in the middle of a batch loses nothing, and env has each event once", async () => {
  const stage = await place.set([{ ...COUNT, code: COUNTS_SLOWLY }]);
  const numbered = new Numbered(place.topics, "t");
  await numbered.send(2_000);
  let killed = 0;
  for (let turn = 0; turn < 3; turn += 1) {
    const replica = stage.start();
    const before = (await place.counted())?.last ?? 0;
    await waitFor("some progress", async () => ((await place.counted())?.last ?? 0) > before + 50);
    await sleep(Math.random() * 200);
    await replica.kill();
    killed += 1;
  }
  stage.start();
  const counted = await place.countedTo(numbered.sent);
  report("runtime killed", tallyOfCounted(numbered.sent, counted), `${killed} kills`);
  expect(counted).toEqual(countedOnce(numbered.sent));
});

test("an effect outside is there at least once when the runtime is killed", async () => {
  const code = writesOutside(place.redis.port);
  const outside = { name: "outside-writer", code, state: "none", triggers: COUNT.triggers };
  const stage = await place.set([outside]);
  const numbered = new Numbered(place.topics, "t");
  await numbered.send(5_000);
  let killed = 0;
  for (let turn = 0; turn < 2; turn += 1) {
    const replica = stage.start();
    const before = await place.redis.client.llen("outside");
    await waitFor("some progress", async () => (await place.redis.client.llen("outside")) > before + 200);
    await replica.kill();
    killed += 1;
  }
  stage.start();
  const tally = await waitFor("all events", async () => {
    const numbers = await place.redis.client.lrange("outside", 0, -1);
    const found = tallyOf(numbered.sent, numbers.map(Number));
    return found.lost === 0 && found;
  });
  report("effect outside, runtime killed", tally, `${killed} kills`);
  expect(tally.lost).toBe(0);
});

test("in a chain of functions the last has each event once, whatever is killed", async () => {
  const stage = await place.set([
    { name: "pass", code: PASSES, triggers: COUNT.triggers, output: { key: "pass", topics: ["t2"] } },
    { ...COUNT, triggers: [{ topic: "t2", start: "oldest" }] },
  ]);
  const numbered = new Numbered(place.topics, "t");
  await numbered.send(10_000);
  let killed = 0;
  for (let turn = 0; turn < 3; turn += 1) {
    const replica = stage.start();
    const before = (await place.counted())?.last ?? 0;
    await waitFor("some progress", async () => ((await place.counted())?.last ?? 0) > before + 300);
    await replica.kill();
    killed += 1;
  }
  stage.start();
  const counted = await place.countedTo(numbered.sent);
  const published = await place.redis.client.xlen("gaugelet:topic:t2");
  report(
    "chain, runtime killed",
    tallyOfCounted(numbered.sent, counted),
    `${killed} kills, ${published - numbered.sent} published twice on the way`,
  );
  expect(counted).toEqual(countedOnce(numbered.sent));
});
