import type { RunRecord } from "../../src/runs/run-record.ts";
import { bodyOf } from "../../src/runs/run-rows.ts";

/** A record of a run, with its input and output as text. */
export interface RunText extends Omit<RunRecord, "input" | "output"> {
  readonly input: string | null;
  readonly output: string | null;
}

/** A record of a run as the runtime makes it. */
export function runRecord({
  input = '{"n":1}',
  output = '{"n":2}',
  ...changes
}: Partial<RunText> & { readonly id: string }): RunRecord {
  const queuedAt = changes.queuedAt ?? Date.now();
  return {
    function: "f",
    owner: "",
    class: "standard",
    version: "0123456789ab",
    versionNumber: null,
    status: "completed",
    trigger: "topic",
    source: "topic:orders/0",
    shard: "",
    eventId: "orders/0/1-0",
    user: null,
    attempt: 1,
    queuedAt,
    startedAt: queuedAt + 1,
    finishedAt: queuedAt + 3,
    runSeconds: 0.002,
    billedMilliseconds: 2,
    mebibyteMilliseconds: 30,
    cpuMicroseconds: 400,
    memoryPeakBytes: 15_000_000,
    diskBytes: null,
    worker: "42",
    instance: "machine:1",
    startMethod: null,
    input: recorded(input),
    isInputCut: false,
    output: recorded(output),
    isOutputCut: false,
    error: null,
    traceback: null,
    logs: [],
    ...changes,
  };
}

function recorded(text: string | null): RunRecord["input"] {
  return text === null ? null : bodyOf(Buffer.from(text));
}
