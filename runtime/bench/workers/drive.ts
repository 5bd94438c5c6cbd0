import { once } from "node:events";
import { referenceEvents } from "./reference/events.ts";

/** Send one event; `answered` is called when its answer is there, with why there is none where it failed. */
export type Call = (event: Buffer, answered: (problem?: string) => void) => void;

/** What a contender is asked over its parent's channel, and what it answers. */
export type Command =
  | { readonly do: "pipelined"; readonly target: string; readonly inFlight: number; readonly seconds: number }
  | { readonly do: "oneByOne"; readonly target: string; readonly seconds: number };
export interface Measured {
  readonly events: number;
  readonly seconds: number;
  /** Median time from sending an event to its answer; NaN where many were in flight. */
  readonly microseconds: number;
}

/**
 * The side of a benchmark that runs inside the measured program: obey the parent's commands until it
 * disconnects. Floor and runtime are driven by these same loops.
 */
export async function obey(targets: Readonly<Record<string, Call>>): Promise<void> {
  const events = await referenceEvents();
  const run = async (command: Command): Promise<void> => {
    const call = targets[command.target];
    if (call === undefined) throw new Error(`there is nothing named ${command.target} to call`);
    const milliseconds = command.seconds * 1000;
    const measured =
      command.do === "pipelined"
        ? await pipelined(call, events, command.inFlight, milliseconds)
        : await oneByOne(call, events, milliseconds);
    process.send?.(measured);
  };
  // A failure rejects unhandled, which ends this program: its parent reports that.
  process.on("message", (command: Command) => void run(command));
  process.on("disconnect", () => process.exit());
  process.send?.("ready");
  await once(process, "disconnect");
}

/** Keep this many events in flight. */
function pipelined(
  call: Call,
  events: readonly Buffer[],
  inFlight: number,
  milliseconds: number,
): Promise<Measured> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let done = 0;
    let stopping = false;
    const started = performance.now();
    const timer = setTimeout(() => {
      stopping = true;
    }, milliseconds);
    const answered = (problem?: string): void => {
      if (problem !== undefined) {
        clearTimeout(timer);
        stopping = true;
        reject(new Error(problem));
        return;
      }
      done += 1;
      if (!stopping) send();
      else if (done === sent) {
        const seconds = (performance.now() - started) / 1000;
        resolve({ events: done, seconds, microseconds: Number.NaN });
      }
    };
    const send = (): void => call(events[sent++ % events.length] as Buffer, answered);
    for (let place = 0; place < inFlight; place += 1) send();
  });
}

/** Send the next event when the one before is answered. */
function oneByOne(call: Call, events: readonly Buffer[], milliseconds: number): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const samples: number[] = [];
    const started = performance.now();
    let sentAt = started;
    const answered = (problem?: string): void => {
      if (problem !== undefined) {
        reject(new Error(problem));
        return;
      }
      const now = performance.now();
      samples.push(now - sentAt);
      // As an event of its own: answering within the answer would be no round trip from outside.
      if (now - started < milliseconds) setImmediate(send);
      else {
        samples.sort((a, b) => a - b);
        const microseconds = (samples[samples.length >> 1] ?? Number.NaN) * 1000;
        resolve({ events: samples.length, seconds: (now - started) / 1000, microseconds });
      }
    };
    const send = (): void => {
      sentAt = performance.now();
      call(events[samples.length % events.length] as Buffer, answered);
    };
    send();
  });
}
