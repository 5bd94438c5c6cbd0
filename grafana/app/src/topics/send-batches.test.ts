import { ApiError } from "../api/client";
import { nextBatch, sendInBatches } from "./send-batches";

const events = Array.from({ length: 1_200 }, (_, index) => ({ id: `e${index}`, value: index }));
const wait = () => Promise.resolve();

test("all are sent in their order, with the progress told", async () => {
  const sent: string[] = [];
  const progress: number[] = [];
  const send = async (batch: typeof events) => void sent.push(...batch.map(({ id }) => id));
  const signal = new AbortController().signal;
  const isDone = await sendInBatches({
    events,
    from: 0,
    send: send as (batch: readonly (typeof events)[number][]) => Promise<unknown>,
    onProgress: (count) => progress.push(count),
    signal,
    wait,
  });
  expect(isDone).toBe(true);
  expect(sent).toEqual(events.map(({ id }) => id));
  expect(progress).toEqual([500, 1_000, 1_200]);
});

test("what passes is tried again with the same names, and what does not is told", async () => {
  const batches: string[] = [];
  const send = jest.fn(async (batch: readonly (typeof events)[number][]) => {
    batches.push(batch[0]?.id ?? "");
    if (batches.length === 1) throw new ApiError(503, "unavailable", "away");
    if (batches.length === 3) throw new ApiError(400, "invalid-request", "no");
  });
  const onProgress = jest.fn();
  const signal = new AbortController().signal;
  await expect(sendInBatches({ events, from: 0, send, onProgress, signal, wait })).rejects.toThrow("no");
  expect(batches).toEqual(["e0", "e0", "e500"]);
  expect(onProgress).toHaveBeenLastCalledWith(500);
});

test("it goes on where it ended, and stops when it is told to", async () => {
  const stopping = new AbortController();
  const batches: (string | undefined)[] = [];
  const send = async (batch: readonly (typeof events)[number][]) => {
    batches.push(batch[0]?.id);
    stopping.abort();
  };
  const { signal } = stopping;
  expect(await sendInBatches({ events, from: 500, send, onProgress: () => {}, signal, wait })).toBe(false);
  expect(batches).toEqual(["e500"]);
});

test("large events go a few at a time, and the largest alone", () => {
  const large = ["x".repeat(300_000), "x".repeat(300_000), "x".repeat(900_000), "x"];
  expect([0, 1, 2, 3].map((from) => nextBatch(large, from).length)).toEqual([1, 1, 1, 1]);
  expect(nextBatch(["a", "b", "c"], 1)).toEqual(["b", "c"]);
});
