import { waitFor } from "@gaugelet/testing/wait";
import { Redis } from "ioredis";
import { pino } from "pino";
import { afterEach, describe, expect, test, vi } from "vitest";
import { moveEnv } from "../../src/dispatcher/balance.ts";
import type { Delivery } from "../../src/dispatcher/delivery.ts";
import { Lane } from "../../src/dispatcher/lane.ts";
import { Outbox } from "../../src/sinks/outbox.ts";
import { RedisStore } from "../../src/sinks/redis-store.ts";
import { handOver } from "../../src/workers/hand-over.ts";
import { FrameType } from "../../src/workers/protocol.ts";
import { startFakeWorker } from "./fake-worker.ts";

const SHARD = 3;
const DONE = { problem: null };
const LOG = pino({ enabled: false });

const redis = new Redis({ lazyConnect: true });
afterEach(() => redis.disconnect());

/** A shard with its `env` in one worker, and another worker that is to have it. */
async function twoWorkers() {
  const [from, to] = [await startFakeWorker<Delivery>(), await startFakeWorker<Delivery>()];
  const head = { shard: SHARD, name: "s", outputKey: "out", keepEnv: true };
  const restored = from.worker.restore(head, undefined);
  from.launcher.answer(FrameType.restored, DONE);
  await restored;
  const restore = vi.spyOn(to.worker, "restore");
  return {
    from: from.worker,
    to: to.worker,
    /** Let the `env` go over. @param meanwhile happens before the other worker has it. */
    go: async (meanwhile: () => void): Promise<void> => {
      from.launcher.answer(FrameType.snapshotted, DONE, Buffer.from("env"));
      await waitFor("the env at the other worker", () => restore.mock.calls.length === 1);
      expect(restore).toHaveBeenCalledWith(head, Buffer.from("env"));
      meanwhile();
      to.launcher.answer(FrameType.restored, DONE);
    },
  };
}

function laneOf(): Lane {
  const outbox = new Outbox({
    outputKey: "out",
    functionName: "f",
    store: new RedisStore(redis, LOG),
    signal: new AbortController().signal,
    entryNow: () => {
      throw new Error("nothing is stored");
    },
    fence: () => undefined,
    publish: async () => true,
    onConflict: () => {},
    onRoom: () => {},
    onPositions: () => {},
  });
  return new Lane(SHARD, "s", "out", false, outbox);
}

describe("the env that a worker of other code is given", () => {
  const nameOf = () => ({ name: "s", outputKey: "out" });

  test("is the live one", async () => {
    const { from, to, go } = await twoWorkers();
    const handedOver = handOver(from, to, nameOf, LOG);
    await go(() => {});
    expect(await handedOver).toBeNull();
    expect(to.shards).toEqual(new Set([SHARD]));
  });

  test("is not used where it was taken back to what is stored meanwhile", async () => {
    const { from, to, go } = await twoWorkers();
    const handedOver = handOver(from, to, nameOf, LOG);
    await go(() => from.forget(SHARD));
    expect(await handedOver).toBeNull();
    expect(to.shards).toEqual(new Set());
  });
});

describe("the env of a shard that changes its worker", () => {
  test("is the other worker's", async () => {
    const { from, to, go } = await twoWorkers();
    const lane = laneOf();
    lane.worker = from;
    const moved = moveEnv({ lane, from, to });
    await go(() => {});
    expect(await moved).toBe(true);
    expect([lane.worker === to, from.shards, to.shards]).toEqual([true, new Set(), new Set([SHARD])]);
  });

  test.each<[string, (lane: Lane) => void]>([
    [
      "was taken back to what is stored",
      (lane) => {
        lane.rollBacks += 1;
      },
    ],
    [
      "is nobody's",
      (lane) => {
        lane.worker = undefined;
      },
    ],
  ])("is not used where it %s meanwhile", async (_, change) => {
    const { from, to, go } = await twoWorkers();
    const lane = laneOf();
    lane.worker = from;
    const moved = moveEnv({ lane, from, to });
    await go(() => change(lane));
    expect(await moved).toBe(false);
    expect([lane.worker === to, to.shards]).toEqual([false, new Set()]);
  });
});
