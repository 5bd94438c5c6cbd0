import type { FunctionDefinition } from "../configuration/manifest.ts";
import { entryOf } from "../dispatcher/entry.ts";
import { parseExactly } from "../exact-json.ts";
import type { Outcome } from "../observability/function-metrics.ts";
import type { StoredRun } from "../runs/find-runs.ts";
import { FunctionRuns, type RunParts, unanswered } from "../runs/function-runs.ts";
import { redact } from "../runs/redact.ts";
import { RunBatch } from "../runs/run-batch.ts";
import type { RunUsage } from "../runs/run-record.ts";
import { Gathered, type Handled } from "../sinks/handled.ts";
import type { RedisStore } from "../sinks/redis-store.ts";
import { derivedHeaders } from "../topics/headers.ts";
import type { Publisher } from "../topics/publisher.ts";
import { keyOfSource } from "../triggers/redis-key/key-source.ts";
import { headTextOf } from "../workers/frames.ts";
import type { EventContext } from "../workers/protocol.ts";
import { type Difference, differencesOf } from "./compare.ts";
import type { ReplayedCall, ReplayWorker } from "./replay-worker.ts";

/** What a run came to, then or now. */
export interface RunOutcome {
  readonly status: "completed" | "failed" | "timed-out" | "killed" | "rejected";
  readonly output: unknown;
  readonly error: string | null;
  readonly runSeconds: number | null;
}

/** A recorded run and its replay. */
export interface ReplayedRun {
  readonly run: string;
  readonly isEqual: boolean;
  readonly differences: readonly Difference[];
  readonly old: RunOutcome;
  readonly new: RunOutcome;
}

/** How far a replay is. */
export interface ReplayState {
  readonly status: "running" | "completed" | "failed" | "cancelled";
  /** Why it failed. */
  readonly error: string | null;
  readonly total: number;
  /** Whose input is not recorded whole. */
  readonly skipped: number;
  readonly runs: readonly ReplayedRun[];
}

/** What a {@link Replay} is made of. */
export interface ReplayParts {
  readonly id: string;
  readonly definition: FunctionDefinition;
  readonly user: string;
  readonly recorded: readonly StoredRun[];
  /** Makes its worker. */
  readonly open: (signal: AbortSignal) => Promise<ReplayWorker>;
  readonly store: RedisStore;
  readonly runParts: RunParts;
  /** Hears what each call used. */
  readonly count: (used: RunUsage) => void;
  /** In words why the owner's functions are not called now; undefined: they are. */
  readonly refusal: () => string | undefined;
  /** Where outputs are published to their topics; undefined: nothing is written. */
  readonly publisher: Publisher | undefined;
}

/** All that a step stores besides counting and recording calls. */
const NOTHING_ELSE: Handled = new Gathered();

/** Characters of outputs that a result holds, which is kept for an hour; of what goes beyond it says whether they are equal. */
const MOST_KEPT_CHARACTERS = 4 * 1024 ** 2;
/** What stands for an output that a result does not hold. */
const NOT_KEPT = "[not kept]";

const STATUSES = {
  ok: "completed",
  error: "failed",
  timeout: "timed-out",
  killed: "killed",
  rejected: "rejected",
} as const satisfies Record<Outcome, RunOutcome["status"]>;

/** Recorded inputs, one after the other, through a version in a worker of its own; outputs are compared, not stored. */
export class Replay {
  readonly id: string;
  readonly definition: FunctionDefinition;
  readonly user: string;
  readonly startedAt = new Date();
  /** Settles when it is over. */
  readonly over: Promise<void>;
  readonly #parts: Omit<ReplayParts, "recorded">;
  readonly #runs: FunctionRuns;
  readonly #cancelling = new AbortController();
  readonly #replayed: ReplayedRun[] = [];
  readonly #total: number;
  /** Until it is over: they take more than what is kept of them. */
  #recorded: readonly StoredRun[];
  #keptCharacters = 0;
  #status: ReplayState["status"] = "running";
  #error: string | null = null;
  #skipped = 0;
  #steps = 0;

  constructor({ recorded, ...parts }: ReplayParts) {
    this.#parts = parts;
    this.#recorded = recorded;
    this.#total = recorded.length;
    this.id = parts.id;
    this.definition = parts.definition;
    this.user = parts.user;
    this.#runs = new FunctionRuns(parts.definition, parts.runParts, parts.count);
    this.over = this.#run();
  }

  get state(): ReplayState {
    return {
      status: this.#status,
      error: this.#error,
      total: this.#total,
      skipped: this.#skipped,
      runs: this.#replayed,
    };
  }

  /** Stop where it is. */
  async cancel(): Promise<void> {
    if (this.#status === "running") this.#status = "cancelled";
    this.#cancelling.abort();
    await this.over;
  }

  async #run(): Promise<void> {
    const { signal } = this.#cancelling;
    let worker: ReplayWorker | undefined;
    try {
      worker = await this.#parts.open(signal);
      const opened = worker;
      signal.addEventListener("abort", () => void opened.stop(), { once: true });
      for (const run of this.#recorded) {
        if (signal.aborted) break;
        const refusal = this.#parts.refusal();
        if (refusal !== undefined) throw new Error(refusal);
        if (run.isInputCut || run.input === null) this.#skipped += 1;
        else await this.#replay(opened, run, run.input);
      }
      if (this.#status === "running") this.#status = "completed";
    } catch (error) {
      if (this.#status !== "running") return;
      this.#status = "failed";
      this.#error = (error as Error).message;
    } finally {
      this.#recorded = [];
      await worker?.stop();
    }
  }

  async #replay(worker: ReplayWorker, run: StoredRun, input: string): Promise<void> {
    const body = Buffer.from(input);
    const isList = input.startsWith("[");
    const queuedAt = Date.now();
    const replayed = await worker.call(run.shard, { body, headText: headTextOf(contextOf(run)), isList });
    const isCutShort = this.#cancelling.signal.aborted && replayed.kind === "ended";
    const end = endOf(replayed, isCutShort);
    await this.#record(replayed, run, body, queuedAt, end);
    if (isCutShort) return;
    if (end.outcome === "ok") await this.#publish(run, end.output);
    const text = end.output.toString();
    const now: RunOutcome = {
      status: STATUSES[end.outcome],
      output: end.outcome === "ok" ? parseExactly(this.#redacted(text)) : null,
      error: end.outcome === "ok" ? null : end.message,
      runSeconds: end.seconds,
    };
    const before = outcomeOf(run);
    const isComparable = !run.isOutputCut;
    const differences = isComparable ? differencesOf(withoutTime(before), withoutTime(now)) : [];
    this.#keptCharacters += text.length + (run.output?.length ?? 0);
    const isKept = this.#keptCharacters <= MOST_KEPT_CHARACTERS;
    this.#replayed.push({
      run: run.id,
      isEqual: isComparable && differences.length === 0,
      differences: isKept ? differences : [],
      old: isKept ? before : { ...before, output: NOT_KEPT },
      new: isKept ? now : { ...now, output: NOT_KEPT },
    });
  }

  #redacted(output: string): string {
    const { redact: paths } = this.definition;
    return paths.length === 0 ? output : (redact(output, paths) ?? "null");
  }

  /** It is a run as any other: counted, and recorded, also where it was cut short: that is tried once. */
  async #record(
    { worker }: ReplayedCall,
    run: StoredRun,
    body: Buffer,
    queuedAt: number,
    end: ReturnType<typeof endOf>,
  ): Promise<void> {
    const { store, runParts, user, id } = this.#parts;
    const invocation = {
      runId: runParts.ids.next(queuedAt),
      user,
      trigger: "replay",
      queuedAt,
      onStarted: () => {},
      onRecorded: () => {},
    } as const;
    const event = {
      source: `replay:${run.id}`,
      shard: run.shard,
      body,
      position: null,
      context: {},
      isSuperseded: false,
      receivedAt: performance.now(),
      invocation,
    };
    const delivery = {
      event,
      body,
      entry: undefined,
      idempotencyKey: undefined,
      attempts: 0,
      deaths: 0,
      id: 0,
    };
    const runs = new RunBatch();
    // A death is counted before it is told of.
    const deaths = end.outcome === "killed" || end.outcome === "timeout" ? 1 : 0;
    runs.add(this.#runs.finished({ ...delivery, deaths }, worker, end));
    this.#steps += 1;
    await store.store(
      {
        ...NOTHING_ELSE,
        outputKey: `gaugelet:output:${this.definition.name}`,
        functionName: this.definition.name,
        entry: entryOf(this.definition, "", worker.package.version),
        fence: undefined,
        expected: new Map(),
        step: { runs, writer: `replay:${id}`, number: this.#steps },
      },
      this.#cancelling.signal,
    );
  }

  async #publish(run: StoredRun, output: Buffer): Promise<void> {
    const { publisher } = this.#parts;
    const { name, outputTopics } = this.definition;
    const headers = derivedHeaders(`replay/${run.id}`, name, 1);
    const publications = outputTopics.map((topic) => ({
      topic,
      event: { body: output, key: null, headers },
    }));
    await publisher?.publish(publications, this.#cancelling.signal);
  }
}

function endOf(replayed: ReplayedCall, isCutShort: boolean) {
  if (replayed.kind === "answered") return replayed.result;
  const { end, seconds, worker } = replayed;
  const outcome = end.limit === "timeout" ? "timeout" : "killed";
  const message = isCutShort
    ? "the replay was cancelled"
    : `during a call, the function's process ${end.reason}`;
  return unanswered({ outcome, message, details: "" }, seconds, worker.memoryBytes);
}

/** What of the event's own context is known. */
function contextOf({ source, eventId }: StoredRun): EventContext {
  const inputKey = keyOfSource(source);
  if (inputKey !== undefined) return { inputKey };
  const [, topic, partition] = /^topic:(.+)\/(\d+)$/.exec(source) ?? [];
  if (topic === undefined) return {};
  return { topic, partition: Number(partition), ...(eventId === null ? {} : { eventId }) };
}

function outcomeOf({ status, output, error, runSeconds }: StoredRun): RunOutcome {
  return { status: status as RunOutcome["status"], output: parsed(output), error, runSeconds };
}

function withoutTime({ status, output, error }: RunOutcome): unknown {
  return status === "completed" ? output : { status, error };
}

function parsed(json: string | null): unknown {
  if (json === null) return null;
  try {
    return parseExactly(json);
  } catch {
    return json;
  }
}
