import { expect, test } from "vitest";
import { FrameType, ResultNumbers } from "../../src/workers/protocol.ts";
import type { Call } from "../../src/workers/worker.ts";
import { startFakeWorker } from "./fake-worker.ts";

const SAVED = { shard: 0, id: 1, problem: null, unchanged: false };

const fail = (): never => {
  throw new TypeError("nobody's fault but the runtime's");
};

test.each([
  ["a result", { onResult: fail }, FrameType.result],
  ["an env", { onSaved: fail }, FrameType.saved],
])("a fault of whoever hears of %s is not told as one of the worker", async (_what, listener, type) => {
  const { launcher, worker } = await startFakeWorker<Call>();
  worker.listen({ onResult: () => {}, onSaved: () => {}, ...listener });
  const id = worker.invoke({ body: Buffer.from("{}"), headText: "", isList: false }, 0, Number.NaN, 0);
  const numbers = Buffer.alloc(ResultNumbers.bytes);
  numbers.writeUInt32BE(id, ResultNumbers.id);
  launcher.answer(type, type === FrameType.saved ? SAVED : {}, numbers);
  const { reason } = await worker.ended;
  expect(reason).toMatch(
    /^was ended by a fault of the runtime, which could not take its answer: TypeError: nobody's fault but the runtime's at .*worker-listener/,
  );
});
