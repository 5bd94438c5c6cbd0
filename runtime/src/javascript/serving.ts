import {
  type Frame,
  FrameType,
  InvokeFlags,
  InvokeNumbers,
  type LoadHead,
  RESULT_OUTCOMES,
  type RestoreHead,
  type ResultOutcome,
  type SnapshotHead,
} from "../workers/protocol.ts";
import { Connection } from "./connection.ts";
import { Context } from "./context.ts";
import { decodeInput, InputError } from "./input.ts";
import { LoadError, type LoadedFunction, loadFunction } from "./loading.ts";
import { Meter } from "./metering.ts";
import { encodeOutput, OutputError } from "./output.ts";
import { eventFieldsOf, type Shard, Shards } from "./shards.ts";
import { describe, limitOf, stackOf } from "./user-errors.ts";
import { isInstance } from "./values.ts";

/** How long a result may wait for those of the calls after it. */
const HOLD_MILLISECONDS = 0.5;
const HOLD_BYTES = 64 * 1024;
/** A quarter of the calls that may be under way: the runtime takes these in while the next ones are answered. */
const HOLD_RESULTS = 64;
/** Results of so few calls do not wait: while the next one is under way the runtime answers whoever made this. */
const FEW_CALLS = 20;
/** Timers are no finer. */
const SAVE_TIMER_MILLISECONDS = 1;

const [OK, ERROR, REJECTED] = (["ok", "error", "rejected"] satisfies ResultOutcome[]).map((outcome) =>
  RESULT_OUTCOMES.indexOf(outcome),
) as [number, number, number];
const NO_HEAD: object = Object.freeze({});

/** A call under way. */
interface Call {
  readonly id: number;
  readonly number: number;
  readonly shard: Shard;
  readonly context: Context;
  readonly started: number;
}

/**
 * Hosts one function and answers the runtime, one frame after the other. Calls that return at once are
 * answered without a promise; while one is awaited, what else comes is left in the connection.
 */
export class Worker {
  readonly #connection: Connection;
  readonly #shards: Shards;
  readonly #meter = new Meter();
  readonly #exit: (code: number) => void;
  #function: LoadedFunction | undefined;
  #outputLimit = 0;
  #limits: Readonly<Record<string, number | null | undefined>> = {};
  /** An answer is under way that has to be waited for. */
  #isBusy = false;
  #hasEnded = false;
  #heldSince = 0;
  /** Whether about so many calls have come, and no more wait to be received. */
  #areFew = false;
  #lastCall = 0;
  #saveTimer: NodeJS.Timeout | undefined;

  /** @param exit ends the process. */
  constructor(exit: (code: number) => void) {
    this.#exit = exit;
    this.#connection = new Connection({
      received: () => {
        this.#answerAll();
        return !this.#isBusy;
      },
      ended: () => {
        this.#hasEnded = true;
        this.#answerAll();
      },
      broken: () => exit(0),
    });
    this.#shards = new Shards(this.#connection);
  }

  #answerAll(): void {
    try {
      while (!this.#isBusy) {
        const frame = this.#connection.next();
        if (frame === undefined) break;
        this.#answer(frame);
      }
      if (this.#isBusy) {
        // Where a call does not return with the promises that are due now, what is done does not wait for it.
        if (this.#connection.unsentBytes > 0) setImmediate(() => this.#connection.flush());
        return;
      }
      this.#connection.flush();
      if (this.#shards.hasUnsaved && this.#saveTimer === undefined) this.#saveTimer = this.#saveLater();
      if (this.#hasEnded) this.#end();
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #answer(frame: Frame): void {
    switch (frame.type) {
      case FrameType.invoke:
        this.#invoke(frame);
        break;
      case FrameType.load:
        this.#load(frame.head as LoadHead);
        break;
      case FrameType.restore: {
        const problem = this.#shards.restore(frame.head as RestoreHead, frame.body);
        this.#connection.put(FrameType.restored, { problem });
        break;
      }
      case FrameType.snapshot: {
        const { data, problem } = this.#shards.dump(this.#shards.get((frame.head as SnapshotHead).shard).env);
        this.#connection.put(FrameType.snapshotted, { problem }, data);
        break;
      }
      default:
        throw new Error(`a message of type ${frame.type} is none for a worker`);
    }
  }

  #load(head: LoadHead): void {
    const started = performance.now();
    this.#outputLimit = head.limits.output;
    this.#limits = head.limits;
    this.#shards.envLimit = head.limits.env;
    this.#isBusy = true;
    // Nothing is to be read before the answer: where the function's module has nothing to wait for, Node says so.
    this.#connection.keepsProcess = false;
    const answer = (type: number, answerHead: object): void => {
      this.#connection.keepsProcess = true;
      this.#connection.put(type, answerHead);
      this.#isBusy = false;
      this.#meter.read();
      this.#answerAll();
    };
    loadFunction(head.directory, head.handler, head.file).then(
      (loaded) => {
        this.#function = loaded;
        const { host, port } = head;
        this.#shards.fields = { host, port, function_getmtime: loaded.getmtime };
        const importSeconds = (performance.now() - started) / 1000;
        answer(FrameType.loaded, {
          runtime: `Node ${process.versions.node}`,
          pid: process.pid,
          importSeconds,
        });
      },
      (error: unknown) => {
        if (error instanceof LoadError)
          answer(FrameType.loadFailed, { message: error.message, details: error.details });
        else this.#giveUp(error);
      },
    );
  }

  #invoke({ head, body }: Frame): void {
    const started = performance.now();
    const { unsentBytes, unsentResults, availableBytes, mayHaveMore } = this.#connection;
    if (unsentBytes === 0) {
      this.#heldSince = started;
      this.#areFew = !mayHaveMore && availableBytes < FEW_CALLS * body.length;
    } else if (
      this.#areFew ||
      started - this.#heldSince > HOLD_MILLISECONDS ||
      unsentResults >= HOLD_RESULTS ||
      unsentBytes > HOLD_BYTES
    ) {
      // The call that comes may take long, and what is done should not wait for it.
      this.#connection.flush();
      this.#heldSince = started;
    }
    if (this.#shards.isOverdue(started)) this.#save();

    const number = body.readUInt32BE(InvokeNumbers.shard);
    const shard = this.#shards.get(number);
    const lastExecution = body.readDoubleBE(InvokeNumbers.lastExecution);
    const context = new Context(
      shard.fields,
      eventFieldsOf(shard, head as string),
      lastExecution,
      shard.keepEnv ? shard.env : {},
    );
    const call = { id: body.readUInt32BE(InvokeNumbers.id), number, shard, context, started };
    let value: unknown;
    let isAwaited: boolean;
    try {
      const input = decodeInput(
        body,
        InvokeNumbers.bytes,
        (body[InvokeNumbers.flags] ?? 0) >= InvokeFlags.list,
      );
      // Not as a method of what holds it.
      const { handler } = this.#function as LoadedFunction;
      value = handler(input as Parameters<typeof handler>[0], context);
      // Looking may run code of the function as well.
      isAwaited = isThenable(value);
    } catch (error) {
      this.#fail(call, error);
      return;
    }
    if (isAwaited) this.#await(call, value);
    else this.#succeed(call, value);
  }

  #await(call: Call, value: unknown): void {
    this.#isBusy = true;
    const then = (answer: (call: Call, settled: unknown) => void) => (settled: unknown) => {
      this.#isBusy = false;
      answer(call, settled);
      this.#answerAll();
    };
    Promise.resolve(value).then(
      then((...settled) => this.#succeed(...settled)),
      then((...settled) => this.#fail(...settled)),
    );
  }

  #succeed(call: Call, value: unknown): void {
    let output: ReturnType<typeof encodeOutput>;
    try {
      output = encodeOutput(value, this.#outputLimit);
    } catch (error) {
      this.#fail(call, error);
      return;
    }
    const { text, notFinite } = output;
    this.#finish(call, OK, notFinite.length > 0 ? { notFinite } : NO_HEAD, text);
  }

  #fail(call: Call, error: unknown): void {
    if (isInstance(error, InputError)) {
      this.#finish(call, REJECTED, { message: error.message }, "");
      return;
    }
    if (isInstance(error, OutputError)) {
      this.#finish(call, ERROR, { message: error.message, limit: error.limit }, "");
      return;
    }
    const reached = limitOf(error);
    // Where the function has no such limit, it is the system's own.
    const limit = reached !== undefined && this.#limits[reached] === null ? undefined : reached;
    const advice = limit === undefined ? "" : `; limits.${limit} is reached: raise it or use less`;
    this.#finish(call, ERROR, { message: describe(error) + advice, details: stackOf(error), limit }, "");
  }

  #finish(
    { id, number, shard, context, started }: Call,
    outcome: number,
    head: object,
    output: string,
  ): void {
    const now = performance.now();
    this.#lastCall = now;
    if (shard.keepEnv) {
      shard.env = context.env;
      shard.lastId = id;
      if (outcome === OK) this.#shards.noteChange(number, shard, now);
    }
    const meter = this.#meter;
    const cpuBefore = meter.cpuSeconds;
    meter.read();
    const seconds = (now - started) / 1000;
    const cpuSeconds = meter.cpuSeconds - cpuBefore;
    this.#connection.putResult(
      { id, outcome, seconds, cpuSeconds, memoryBytes: meter.memoryBytes, head },
      output,
    );
  }

  #saveLater(): NodeJS.Timeout {
    return setTimeout(() => {
      this.#saveTimer = undefined;
      // What a call under way has changed belongs to that call.
      if (this.#isBusy || !this.#shards.hasUnsaved) return;
      const now = performance.now();
      if (this.#shards.isPause(now, this.#lastCall) || this.#shards.isOverdue(now)) this.#save();
      else this.#saveTimer = this.#saveLater();
    }, SAVE_TIMER_MILLISECONDS);
  }

  #save(): void {
    this.#connection.flush();
    this.#shards.save();
    this.#meter.read();
  }

  #end(): void {
    this.#connection.checkEnd();
    clearTimeout(this.#saveTimer);
    // What the function left behind (timers, connections) must not keep the process.
    this.#connection.end(() => this.#exit(0));
  }

  /** The runtime did not keep to the protocol: nothing that follows could be relied on. */
  #giveUp(error: unknown): void {
    process.stderr.write(`${(error as Error).stack}\n`);
    this.#exit(1);
  }
}

function isThenable(value: unknown): boolean {
  return (
    typeof value === "object" && value !== null && typeof (value as PromiseLike<unknown>).then === "function"
  );
}
