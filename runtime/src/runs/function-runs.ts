import { nameOf } from "../configuration/classes.ts";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { FunctionEvent } from "../dispatcher/event.ts";
import type { Outcome } from "../observability/function-metrics.ts";
import { usageOf } from "../usage/usage-of.ts";
import type { CallLogs } from "../workers/call-logs.ts";
import type { StartMethod } from "../workers/transport.ts";
import { redact } from "./redact.ts";
import { type FinishedRun, MILLISECONDS_OF_DAY, type UsageOwner } from "./run-batch.ts";
import type { RunIds } from "./run-ids.ts";
import type { RunStatus, RunUsage, TriggerKind } from "./run-record.ts";
import { bodyOf } from "./run-rows.ts";

/** Of successes one in so many is recorded while the records on their way to SQL pile up. */
const THINNED_TO_ONE_IN = 100;
/** A clock that was set anew is off by more. */
const CLOCK_TOLERANCE_MILLISECONDS = 20;
const COMPARE_CLOCKS_EVERY_MILLISECONDS = 50;
const EMPTY = Buffer.alloc(0);

/** What the runs of all functions of a runtime have in common. */
export interface RunParts {
  readonly ids: RunIds;
  /** The runtime. */
  readonly instance: string;
  /** Bytes of an input and of an output that are recorded. */
  readonly recordBytes: number;
  /** Whether records pile up. */
  readonly isBehind: () => boolean;
}

/** What is to be known of the delivery of an event. */
export interface RunDelivery {
  readonly event: FunctionEvent;
  readonly body: Buffer;
  readonly entry:
    | { readonly eventId: string; readonly topic: string; readonly partition: number }
    | undefined;
  readonly idempotencyKey: string | undefined;
  /** Attempts and deaths before this one. */
  readonly attempts: number;
  readonly deaths: number;
  /** Number of the call of its worker, from 1 on. */
  readonly id: number;
}

/** What is to be known of the worker that it ran in. */
export interface RunWorker {
  readonly pid: number | undefined;
  readonly startMethod: StartMethod;
  readonly package: { readonly version: string; readonly number: number | null };
  readonly memoryBytes: number;
  readonly logs: CallLogs | undefined;
}

/** What a call came to. */
export interface RunEnd {
  readonly outcome: Outcome;
  /** In the handler. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** 0: not known. */
  readonly memoryBytes: number;
  readonly output: Buffer;
  readonly message: string;
  readonly details: string;
}

const STATUSES: Readonly<Record<Outcome, RunStatus>> = {
  ok: "completed",
  error: "failed",
  timeout: "timed-out",
  killed: "killed",
  rejected: "rejected",
};

/** Makes records of a function's calls, as far as its policy wants them, and counts what each used. */
export class FunctionRuns {
  #definition: FunctionDefinition;
  readonly #parts: RunParts;
  readonly #of: UsageOwner;
  readonly #count: (used: RunUsage) => void;
  #successes = 0;
  #day = 0;
  #dayEnds = 0;

  /** @param count hears what each call used, recorded or not. */
  constructor(definition: FunctionDefinition, parts: RunParts, count: (used: RunUsage) => void = () => {}) {
    this.#definition = definition;
    this.#count = count;
    this.#parts = parts;
    const { owner, name } = definition;
    this.#of = { owner, function: name, class: nameOf(definition.class) };
  }

  /** Code or triggers are others than before; whose function it is and all else stays. */
  update(definition: FunctionDefinition): void {
    this.#definition = definition;
  }

  /**
   * A call is over.
   *
   * @param worker undefined where the event reached none.
   * @param isLast false: the event is called again.
   */
  finished(delivery: RunDelivery, worker: RunWorker | undefined, end: RunEnd, isLast = true): FinishedRun {
    const used = usageOf(end);
    this.#count(used);
    const logs = worker?.logs?.take() ?? [];
    const queuedAt = delivery.event.invocation?.queuedAt ?? clockTime(delivery.event.receivedAt);
    const isRecorded = delivery.event.invocation !== undefined || this.#isRecorded(end.outcome);
    return {
      of: this.#of,
      day: this.#dayOf(queuedAt),
      billedMilliseconds: used.billedMilliseconds,
      mebibyteMilliseconds: used.mebibyteMilliseconds,
      cpuMicroseconds: used.cpuMicroseconds,
      record: isRecorded ? this.#record(delivery, worker, end, queuedAt, used, logs, isLast) : undefined,
    };
  }

  /** Versions can share their code, and a worker stays then: the newest one with its code is meant. */
  #versionNumber(code: RunWorker["package"] | undefined): number | null {
    const { source } = this.#definition;
    if (source.kind !== "stored") return null;
    return code === undefined || source.digest.startsWith(code.version) ? source.version : code.number;
  }

  #isRecorded(outcome: Outcome): boolean {
    if (outcome !== "ok") return true;
    const { record } = this.#definition;
    const wanted = record === "all" ? 1 : record.oneIn;
    const oneIn = this.#parts.isBehind() ? Math.max(wanted, THINNED_TO_ONE_IN) : wanted;
    this.#successes += 1;
    return this.#successes % oneIn === 0;
  }

  #dayOf(time: number): number {
    if (time >= this.#dayEnds || time < this.#dayEnds - MILLISECONDS_OF_DAY) {
      this.#day = Math.floor(time / MILLISECONDS_OF_DAY);
      this.#dayEnds = (this.#day + 1) * MILLISECONDS_OF_DAY;
    }
    return this.#day;
  }

  #record(
    delivery: RunDelivery,
    worker: RunWorker | undefined,
    end: RunEnd,
    queuedAt: number,
    used: RunUsage,
    logs: readonly string[],
    isLast: boolean,
  ): FinishedRun["record"] {
    const { event, entry } = delivery;
    const { ids, instance } = this.#parts;
    const finishedAt = Date.now();
    const hasRun = worker !== undefined && end.outcome !== "rejected";
    const input = this.#recorded(delivery.body);
    const output = end.outcome === "ok" ? this.#recorded(end.output) : NOTHING;
    return {
      id: (isLast ? event.invocation?.runId : undefined) ?? ids.next(queuedAt),
      function: this.#of.function,
      owner: this.#of.owner,
      class: this.#of.class,
      version: worker?.package.version ?? "",
      versionNumber: this.#versionNumber(worker?.package),
      status: STATUSES[end.outcome],
      trigger: event.invocation?.trigger ?? triggerOf(delivery),
      source: entry === undefined ? event.source : `topic:${entry.topic}/${entry.partition}`,
      shard: event.shard,
      eventId: entry?.eventId ?? event.position ?? delivery.idempotencyKey ?? null,
      user: event.invocation?.user ?? event.user ?? null,
      // The death that it came to is counted already.
      attempt: delivery.attempts + delivery.deaths + (isDeath(end.outcome) ? 0 : 1),
      queuedAt,
      startedAt: hasRun ? Math.max(queuedAt, Math.floor(finishedAt - end.seconds * 1000)) : null,
      finishedAt: Math.max(queuedAt, finishedAt),
      runSeconds: hasRun ? end.seconds : null,
      // One by one: V8 takes a detour for each name that follows another object's.
      billedMilliseconds: used.billedMilliseconds,
      mebibyteMilliseconds: used.mebibyteMilliseconds,
      cpuMicroseconds: used.cpuMicroseconds,
      memoryPeakBytes: end.memoryBytes === 0 ? null : end.memoryBytes,
      diskBytes: null,
      worker: worker?.pid === undefined ? null : String(worker.pid),
      instance,
      startMethod: worker !== undefined && delivery.id === 1 ? worker.startMethod : null,
      input: input.body,
      isInputCut: input.isCut,
      output: output.body,
      isOutputCut: output.isCut,
      error: end.outcome === "ok" ? null : end.message,
      traceback: end.details === "" ? null : end.details,
      logs,
    };
  }

  #recorded(body: Buffer): RecordedBody {
    const { recordBytes } = this.#parts;
    const { redact: paths } = this.#definition;
    if (paths.length === 0) return cut(body, recordBytes);
    const redacted = redact(body.toString(), paths);
    // What is no JSON may hold anything.
    return redacted === undefined ? NOTHING : cut(Buffer.from(redacted), recordBytes);
  }
}

/** Of an input or an output. */
interface RecordedBody {
  readonly body: Buffer | string | null;
  readonly isCut: boolean;
}

const NOTHING: RecordedBody = { body: null, isCut: false };

/** A copy, as far as it is kept: a body is a piece of much that was read at once, which would stay with it. */
function cut(body: Buffer, most: number): RecordedBody {
  const isCut = body.length > most;
  return { body: bodyOf(isCut ? body.subarray(0, most) : body), isCut };
}

/** What a call came to that ended without an answer. */
export function unanswered(
  { outcome, message, details }: Pick<RunEnd, "outcome" | "message" | "details">,
  seconds: number,
  memoryBytes: number,
): RunEnd {
  return { outcome, message, details, seconds, cpuSeconds: 0, memoryBytes, output: EMPTY };
}

function isDeath(outcome: Outcome): boolean {
  return outcome === "killed" || outcome === "timeout";
}

/** From the clock of `performance.now()` to Unix milliseconds. */
let clockOffset = 0;
/** A time of an event at which the clocks were last compared: two looks at clocks for each event cost too much. */
let comparedAt = Number.NEGATIVE_INFINITY;

/** Unix milliseconds; the same each time for one event, unless the clock is set anew. */
function clockTime(time: number): number {
  if (Math.abs(time - comparedAt) > COMPARE_CLOCKS_EVERY_MILLISECONDS) {
    comparedAt = time;
    const offset = Date.now() - performance.now();
    if (Math.abs(offset - clockOffset) > CLOCK_TOLERANCE_MILLISECONDS) clockOffset = offset;
  }
  return Math.floor(clockOffset + time);
}

function triggerOf({ event, entry }: RunDelivery): TriggerKind {
  if (entry !== undefined) return "topic";
  const kind = event.source.slice(0, event.source.indexOf(":"));
  if (kind === "schedule" || kind === "prometheus") return kind;
  return kind === "redis" ? "redis-key" : "http";
}
