import { type ChildProcess, spawn } from "node:child_process";
import { type EventEmitter, once } from "node:events";
import type { Duplex, Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import {
  encodeStart,
  FrameDecoder,
  headTextOf,
  InvokeFrame,
  type OutgoingFrame,
  PlainFrame,
} from "../../src/workers/frames.ts";
import {
  Descriptor,
  type Frame,
  FrameType,
  type LoadHead,
  RESULT_OUTCOMES,
  type RestoreHead,
  ResultNumbers,
  type ResultOutcome,
} from "../../src/workers/protocol.ts";
import type { LanguageSetup } from "./languages.ts";

/** Only what a test that fails waits for, also where a processor is imitated, on a busy machine. */
const PATIENCE_MILLISECONDS = 60_000;
const EMPTY = Buffer.alloc(0);

/** A `result` in its parts. */
export interface Result {
  readonly id: number;
  readonly outcome: ResultOutcome;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly head: {
    readonly message?: string;
    readonly details?: string;
    readonly notFinite?: readonly string[];
    readonly limit?: string;
  };
  readonly outputText: string;
}

/** A `saved` in its parts. */
export interface Saved {
  readonly shard: number;
  readonly id: number;
  readonly problem: string | null;
  readonly unchanged: boolean;
  readonly body: Buffer;
}

/** How a process ended, and all that it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly records: readonly { readonly level: string; readonly logger: string; readonly message: string }[];
}

/** What differs from the usual call. */
export interface CallOptions {
  readonly shard?: number;
  readonly lastExecution?: number;
  readonly head?: object;
  readonly isList?: boolean;
}

/** As much of a process as the cases look at; where it is in a virtual machine, something that looks like one. */
export type WorkerProcess = Pick<ChildProcess, "pid" | "stdio" | "exitCode" | "signalCode" | "spawnargs"> &
  EventEmitter & { kill(signal?: NodeJS.Signals): unknown };

/** Starts a worker: its program, its current folder, its environment. */
export type StartWorker = (
  program: readonly string[],
  folder: string,
  environment: Readonly<Record<string, string>>,
) => WorkerProcess;

const spawnWorker: StartWorker = ([program = "", ...rest], folder, environment) =>
  spawn(program, rest, {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", "pipe"],
    env: { PATH: process.env.PATH ?? "", ...environment },
  });

/** A real worker process, asked over real streams as the runtime does. */
export class WorkerUnderTest {
  readonly process: WorkerProcess;
  readonly requests: Writable;
  readonly answers: Readable;
  readonly folder: string;
  readonly #written: readonly Promise<string>[];
  readonly #answers = new Inbox<Frame>();
  readonly #saved = new Inbox<Saved>();
  #lastId = 0;

  constructor(
    setup: LanguageSetup,
    folder: string,
    environment: Readonly<Record<string, string>> = {},
    start: StartWorker = spawnWorker,
  ) {
    this.folder = folder;
    this.process = start(setup.program, folder, { ...setup.environment, ...environment });
    const streams = this.process.stdio as unknown as readonly Duplex[];
    const stream = (descriptor: number): Duplex => streams[descriptor] as Duplex;
    this.requests = stream(Descriptor.requests);
    this.answers = stream(Descriptor.answers);
    const { stdout, stderr, records } = Descriptor;
    this.#written = [stdout, stderr, records].map((descriptor) => text(stream(descriptor)));
    this.#readFrames();
  }

  #readFrames(): void {
    const decoder = new FrameDecoder();
    this.answers.on("data", (chunk: Buffer) => {
      decoder.push(chunk, chunk.length, (frame) => {
        if (frame.type !== FrameType.saved) this.#answers.put(frame);
        else this.#saved.put({ ...(frame.head as Omit<Saved, "body">), body: frame.body });
        return true;
      });
    });
    const closed = (): void => {
      this.#answers.close();
      this.#saved.close();
    };
    this.answers.on("end", closed);
    this.answers.on("error", closed);
    this.requests.on("error", () => {});
  }

  /** Send a message as it is. */
  send(type: number, head: object, body: Buffer = EMPTY): void {
    this.requests.write(encode(new PlainFrame(type, head, body)));
  }

  /** The next answer, of this type; undefined where the worker has closed its end. */
  async answer(type: number): Promise<Frame | undefined> {
    const frame = await this.#answers.take();
    if (frame !== undefined && frame.type !== type) {
      throw new Error(`type ${frame.type} instead of ${type}: ${JSON.stringify(frame.head)}`);
    }
    return frame;
  }

  async ask(type: number, head: object, body: Buffer, answerType: number): Promise<Frame> {
    this.send(type, head, body);
    const frame = await this.answer(answerType);
    if (frame === undefined) throw new Error(`no answer: ${JSON.stringify(await this.ended())}`);
    return frame;
  }

  /** The heads of `loaded` or `loadFailed`. */
  async load(
    type: "loaded" | "loadFailed",
    changes: Partial<LoadHead> = {},
  ): Promise<Record<string, unknown>> {
    const head: LoadHead = {
      directory: this.folder,
      handler: "usermodule.handler",
      file: null,
      libraries: null,
      host: "redis.example",
      port: 6380,
      limits: { output: 1024 ** 2, env: 1024 ** 2, cpu: null, memory: null },
      ...changes,
    };
    const frame = await this.ask(FrameType.load, head, EMPTY, FrameType[type]);
    return frame.head as Record<string, unknown>;
  }

  /** Begin a shard. @returns the problem. */
  async restore(changes: Partial<RestoreHead> = {}, env: Buffer = EMPTY): Promise<string | null> {
    const head: RestoreHead = { shard: 0, name: "", outputKey: "usage", keepEnv: true, ...changes };
    const frame = await this.ask(FrameType.restore, head, env, FrameType.restored);
    return (frame.head as { problem: string | null }).problem;
  }

  async snapshot(shard = 0): Promise<{ readonly problem: string | null; readonly body: Buffer }> {
    const frame = await this.ask(FrameType.snapshot, { shard }, EMPTY, FrameType.snapshotted);
    return { problem: (frame.head as { problem: string | null }).problem, body: frame.body };
  }

  /** The bytes of an `invoke`. */
  callBytes(event: unknown, options: CallOptions = {}): Buffer {
    this.#lastId += 1;
    const body = Buffer.isBuffer(event) ? event : Buffer.from(JSON.stringify(event));
    const headText = headTextOf(options.head ?? { inputKey: "metrics" });
    const { shard = 0, lastExecution = Number.NaN, isList = false } = options;
    return encode(new InvokeFrame(this.#lastId, shard, lastExecution, headText, body, isList));
  }

  sendCall(event: unknown, options?: CallOptions): void {
    this.requests.write(this.callBytes(event, options));
  }

  /** The next result; undefined where the worker has closed its end. */
  async result(): Promise<Result | undefined> {
    const frame = await this.answer(FrameType.result);
    if (frame === undefined) return undefined;
    const { head, body } = frame;
    return {
      id: body.readUInt32BE(ResultNumbers.id),
      outcome: RESULT_OUTCOMES[body.readUInt32BE(ResultNumbers.outcome)] as ResultOutcome,
      seconds: body.readDoubleBE(ResultNumbers.seconds),
      cpuSeconds: body.readDoubleBE(ResultNumbers.cpuSeconds),
      memoryBytes: body.readDoubleBE(ResultNumbers.memoryBytes),
      head: head as Result["head"],
      outputText: body.toString("utf8", ResultNumbers.bytes),
    };
  }

  /** Call the handler and wait for the answer. */
  async call(event: unknown = {}, options?: CallOptions): Promise<Result> {
    this.sendCall(event, options);
    const result = await this.result();
    if (result === undefined) throw new Error(`no result: ${JSON.stringify(await this.ended())}`);
    if (result.id !== this.#lastId) throw new Error(`the result of ${result.id}, not of ${this.#lastId}`);
    return result;
  }

  /** The output of a call that succeeds. */
  async output(event: unknown = {}, options?: CallOptions): Promise<unknown> {
    const result = await this.call(event, options);
    if (result.outcome !== "ok") throw new Error(JSON.stringify(result.head));
    return JSON.parse(result.outputText);
  }

  /** The next unasked `saved` of the call with this number, or of a later one. */
  async saved(id = this.#lastId): Promise<Saved> {
    for (;;) {
      const saved = await this.#saved.take();
      if (saved === undefined) throw new Error("closed before it was saved");
      if (saved.id >= id) return saved;
    }
  }

  /** Send nothing more, and wait for the process. */
  async end(): Promise<Ended> {
    this.requests.end();
    return this.ended();
  }

  async ended(): Promise<Ended> {
    const { exitCode, signalCode } = this.process;
    if (exitCode === null && signalCode === null)
      await within("the process to end", once(this.process, "exit"));
    const [stdout = "", stderr = "", log = ""] = await Promise.all(this.#written);
    const records = log
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Ended["records"][number]);
    return { code: this.process.exitCode, signal: this.process.signalCode, stdout, stderr, records };
  }

  /** End the process, whatever it does. */
  close(): void {
    this.process.kill("SIGKILL");
    this.requests.destroy();
    this.answers.destroy();
  }
}

/** What came, in order, for whoever asks. */
class Inbox<Item> {
  readonly #items: Item[] = [];
  #isClosed = false;
  #changed = Promise.withResolvers<void>();

  put(item: Item): void {
    this.#items.push(item);
    this.#ring();
  }

  close(): void {
    this.#isClosed = true;
    this.#ring();
  }

  async take(): Promise<Item | undefined> {
    while (this.#items.length === 0 && !this.#isClosed) await within("an answer", this.#changed.promise);
    return this.#items.shift();
  }

  #ring(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

async function within<Value>(what: string, promise: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), PATIENCE_MILLISECONDS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function encode(frame: OutgoingFrame): Buffer {
  return Buffer.concat([encodeStart(frame), frame.body]);
}
