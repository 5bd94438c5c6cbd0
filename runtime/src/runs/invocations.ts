import { INVOCATIONS_KEY, invocationKey } from "@gaugelet/shared/keys";
import { and, eq, sql } from "drizzle-orm";
import type { Redis } from "ioredis";
import type { Database } from "../database/database.ts";
import { runs } from "../database/schema/runs.ts";
import type { Invocation } from "../dispatcher/event.ts";
import type { CallAnswer } from "../triggers/http/callable.ts";
import { problemOfInput } from "../triggers/http/calls.ts";
import { problemOfShards, type Target } from "../triggers/http/targets.ts";
import type { KnownFunction } from "./known-functions.ts";
import type { RunIds } from "./run-ids.ts";

/** How long it is known what a call with an idempotency key became; as long as its answer is kept. */
const KEEP_MILLISECONDS = 24 * 3600 * 1000;
/** After what a key stands for: the call is kept until it is done. */
const KEPT = "kept";

/**
 * Keep a call that has a key, unless it is kept already: both in one step, so that none is known of that nobody does.
 * One that was begun to be waited for, and may have come to nothing, is kept under the run that it had. Its entry's id
 * stands behind that, for whoever forgets it.
 *
 * KEYS: of the key, calls. ARGV: its run and time if it is new, for how many milliseconds the key is known, names and
 * values of the call.
 *
 * Returns its run and time, and whether it was kept now.
 */
const KEEP_SCRIPT = `
local run, time, kept = string.match(redis.call('GET', KEYS[1]) or ARGV[1], '^(%S+) (%S+) ?(%S*)')
if kept == '${KEPT}' then return { run, time, 0 } end
local id = redis.call('XADD', KEYS[2], '*', 'runId', run, 'queuedAt', time, unpack(ARGV, 3))
redis.call('SET', KEYS[1], run .. ' ' .. time .. ' ${KEPT} ' .. id, 'PX', ARGV[2])
return { run, time, 1 }
`;

/**
 * Forget a key, where it still stands for a run.
 *
 * KEYS: of the key. ARGV: the run.
 *
 * Returns the id of the call's entry, where it is kept besides.
 */
const FORGET_SCRIPT = `
local value = redis.call('GET', KEYS[1])
if not value or string.match(value, '^%S+') ~= ARGV[1] then return false end
redis.call('UNLINK', KEYS[1])
return string.match(value, '^%S+ %S+ ${KEPT} (%S+)') or false
`;

interface InvocationRedis extends Redis {
  gaugeletKeepCall(
    key: string,
    calls: string,
    run: string,
    milliseconds: number,
    ...fields: (string | Buffer)[]
  ): Promise<[runId: string, queuedAt: string, isKeptNow: number]>;
  gaugeletForgetCall(key: string, runId: string): Promise<string | null>;
}

/** A call through the API. */
export interface InvocationRequest {
  readonly function: string;
  readonly user: string;
  readonly body: Buffer;
  readonly shard: string;
  readonly idempotencyKey: string | undefined;
}

/** A call that has its run. */
export interface StartedInvocation extends InvocationRequest {
  readonly runId: string;
  /** Unix milliseconds. */
  readonly queuedAt: number;
}

/** What {@link Invocations} need. */
export interface InvocationsParts {
  readonly redis: Redis;
  readonly db: Database;
  readonly runIds: RunIds;
}

/** Calls through the API: those that are waited for, and those that are kept in Redis until they are done. */
export class Invocations {
  readonly #parts: InvocationsParts;
  readonly #redis: InvocationRedis;
  /** Calls that were waited for and failed, and are to be recorded yet, by their runs. */
  readonly #recording = new Map<string, Promise<boolean>>();

  constructor(parts: InvocationsParts) {
    this.#parts = parts;
    parts.redis.defineCommand("gaugeletKeepCall", { numberOfKeys: 2, lua: KEEP_SCRIPT });
    parts.redis.defineCommand("gaugeletForgetCall", { numberOfKeys: 1, lua: FORGET_SCRIPT });
    this.#redis = parts.redis as InvocationRedis;
  }

  /**
   * Call a function that runs here, and wait.
   *
   * @returns the run and its answer.
   */
  async call(
    target: Target,
    request: InvocationRequest,
  ): Promise<{ readonly runId: string; readonly answer: CallAnswer }> {
    const { body, shard, idempotencyKey } = request;
    const started = { ...request, ...(await this.#begin(request)) };
    const { runId } = started;
    let isMade = false;
    const onStarted = (): void => {
      isMade = true;
    };
    const { promise: recorded, resolve: onRecorded } = Promise.withResolvers<boolean>();
    const invocation: Invocation = { ...this.#invocation(started), onStarted, onRecorded };
    let forgotten: Promise<void> | undefined;
    const answer = await new Promise<CallAnswer>((resolve) =>
      target.callable.call(
        {
          body,
          shard,
          // What a call with a key of its user's came to is kept under its run.
          idempotencyKey: idempotencyKey === undefined ? undefined : keptUnder(runId),
          invocation,
        },
        (result) => {
          // Before the others hear who wait for the same.
          forgotten = this.#forgetFailed(started, result, isMade ? recorded : undefined);
          resolve(result);
        },
      ),
    );
    await forgotten;
    return { runId, answer };
  }

  /**
   * Accept a call that nobody waits for.
   *
   * @returns its run, once Redis has it.
   */
  async accept({ owner }: Pick<KnownFunction, "owner">, request: InvocationRequest): Promise<string> {
    const { started, isKeptNow } = await this.#keep(owner, request);
    if (isKeptNow) await this.#showWaiting(owner, started);
    return started.runId;
  }

  /**
   * Call a function that runs here for a call that was accepted.
   *
   * @param onRecorded hears that its run is stored, or never will be; where it is the same as a call that is under way
   *   already, and fails, the run of that.
   * @param hear told the answer.
   */
  carryOut(
    target: Target,
    started: StartedInvocation,
    onRecorded: (isRecorded: boolean) => void,
    hear: (answer: CallAnswer) => void,
  ): void {
    const { body, shard, runId } = started;
    let isMade = false;
    const invocation: Invocation = {
      ...this.#invocation(started),
      onStarted: () => {
        isMade = true;
        void this.#showRunning(runId).catch(() => {});
      },
      onRecorded,
    };
    const refusal = refusalOf(target, started);
    target.callable.call({ body, shard, idempotencyKey: keptUnder(runId), invocation, refusal }, (answer) => {
      hear(answer);
      void this.#forgetFailed(started, answer, undefined);
      if (!isMade && FAILURES.has(answer.outcome)) void this.#hearRecorded(runId, onRecorded);
    });
  }

  #invocation({ runId, user, queuedAt }: StartedInvocation): Invocation {
    return { runId, user, queuedAt, trigger: "invocation", onStarted: () => {}, onRecorded: () => {} };
  }

  /** The run of a call: one and the same for all that have the same key of the same user. */
  async #begin(request: InvocationRequest): Promise<Pick<StartedInvocation, "runId" | "queuedAt">> {
    const queuedAt = Date.now();
    const runId = this.#parts.runIds.next(queuedAt);
    const key = keyOf(request);
    if (key === undefined) return { runId, queuedAt };
    const own = `${runId} ${queuedAt}`;
    const before = await this.#redis.set(key, own, "PX", KEEP_MILLISECONDS, "NX", "GET");
    const [id = "", time] = (before ?? own).split(" ");
    return { runId: id, queuedAt: Number(time) };
  }

  /** Leave a call in Redis until it is done. */
  async #keep(
    owner: string,
    request: InvocationRequest,
  ): Promise<{ readonly started: StartedInvocation; readonly isKeptNow: boolean }> {
    const { function: name, user, shard, body, idempotencyKey } = request;
    const queuedAt = Date.now();
    const runId = this.#parts.runIds.next(queuedAt);
    const fields = ["function", name, "user", user, "shard", shard, "owner", owner, "body", body] as const;
    const key = keyOf(request);
    if (key === undefined || idempotencyKey === undefined) {
      await this.#redis.xadd(INVOCATIONS_KEY, "*", "runId", runId, "queuedAt", String(queuedAt), ...fields);
      return { started: { ...request, runId, queuedAt }, isKeptNow: true };
    }
    const [keptRun, keptTime, isKeptNow] = await this.#redis.gaugeletKeepCall(
      key,
      INVOCATIONS_KEY,
      `${runId} ${queuedAt}`,
      KEEP_MILLISECONDS,
      ...fields,
      "idempotencyKey",
      idempotencyKey,
    );
    const started = { ...request, runId: keptRun, queuedAt: Number(keptTime) };
    return { started, isKeptNow: isKeptNow === 1 };
  }

  /**
   * A call that failed may be called again with its key, and that is another run.
   *
   * @param recorded settles when its run is stored, or never will be, where it was waited for, and made: where the same
   *   is kept as well, that was its run, and it goes once that is known.
   */
  async #forgetFailed(
    started: StartedInvocation,
    { outcome }: CallAnswer,
    recorded: Promise<boolean> | undefined,
  ): Promise<void> {
    const key = keyOf(started);
    if (key === undefined || !FAILURES.has(outcome)) return;
    const { runId } = started;
    if (recorded !== undefined) this.#recording.set(runId, recorded);
    const entry = await this.#redis.gaugeletForgetCall(key, runId).catch(() => null);
    if (recorded !== undefined) void this.#drop(runId, entry, recorded);
  }

  async #drop(runId: string, entry: string | null, recorded: Promise<boolean>): Promise<void> {
    const isRecorded = await recorded;
    this.#recording.delete(runId);
    if (entry !== null && isRecorded) await this.#redis.xdel(INVOCATIONS_KEY, entry).catch(() => {});
  }

  /** Of a call that somebody waits for. */
  async #hearRecorded(runId: string, hear: (isRecorded: boolean) => void): Promise<void> {
    hear((await this.#recording.get(runId)) ?? false);
  }

  /** It is in Redis, and done whether this can be shown or not. */
  async #showWaiting(owner: string, started: StartedInvocation): Promise<void> {
    const { function: name, user, shard, runId, queuedAt } = started;
    await this.#parts.db
      .insert(runs)
      .values({
        id: runId,
        queuedAt: new Date(queuedAt),
        function: name,
        owner,
        class: "standard",
        version: "",
        status: "waiting",
        trigger: "invocation",
        source: "invocation",
        shard,
        user,
        attempt: 1,
        billedMilliseconds: 0,
        mebibyteMilliseconds: 0,
        cpuMicroseconds: 0,
        instance: "",
        isInputCut: false,
        isOutputCut: false,
        logs: [],
        // Those who follow runs hear of it when it is over.
        sequence: 0,
      })
      .onConflictDoNothing()
      .catch(() => {});
  }

  async #showRunning(runId: string): Promise<void> {
    await this.#parts.db
      .update(runs)
      .set({ status: "running", startedAt: sql`now()` })
      .where(and(eq(runs.id, runId), eq(runs.status, "waiting")));
  }
}

/** What the function does not take of a call that was accepted: it may have been paused then, or is another by now. */
function refusalOf({ input, isSharded }: Target, { body, shard }: StartedInvocation): string | undefined {
  const detail = problemOfShards(shard === "" ? [] : [shard], isSharded);
  return detail ?? (input && problemOfInput(input, body)?.detail);
}

/** What is recorded as a run that did not succeed; other answers come of calls that were not made. */
const FAILURES: ReadonlySet<CallAnswer["outcome"]> = new Set(["error", "timeout", "killed", "rejected"]);

/** Where it is kept what a key of a user's stands for. */
function keyOf({ function: name, user, idempotencyKey }: InvocationRequest): string | undefined {
  return idempotencyKey === undefined ? undefined : invocationKey(name, `${user}:${idempotencyKey}`);
}

function keptUnder(runId: string): string {
  return `run:${runId}`;
}
