import { INVOCATIONS_KEY, invocationKey } from "@gaugelet/shared/keys";
import { and, eq, sql } from "drizzle-orm";
import type { Redis } from "ioredis";
import type { Database } from "../database/database.ts";
import { runs } from "../database/schema/runs.ts";
import type { Invocation } from "../dispatcher/event.ts";
import type { CallAnswer } from "../triggers/http/callable.ts";
import type { Target } from "../triggers/http/targets.ts";
import type { KnownFunction } from "./known-functions.ts";
import type { RunIds } from "./run-ids.ts";

/** How long it is known what a call with an idempotency key became; as long as its answer is kept. */
const KEEP_MILLISECONDS = 24 * 3600 * 1000;

/** A call through the API. */
export interface InvocationRequest {
  readonly function: string;
  readonly user: string;
  readonly body: Buffer;
  readonly shard: string;
  readonly idempotencyKey: string | undefined;
}

/** A call that has its run. */
export interface StartedInvocation extends Omit<InvocationRequest, "idempotencyKey"> {
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

  constructor(parts: InvocationsParts) {
    this.#parts = parts;
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
    const { idempotencyKey, ...rest } = request;
    const { runId, queuedAt } = await this.#begin(request);
    const invocation = this.#invocation({ ...rest, runId, queuedAt });
    const answer = await new Promise<CallAnswer>((resolve) =>
      target.callable.call(
        {
          body: rest.body,
          shard: rest.shard,
          // What a call with a key of its user's came to is kept under its run.
          idempotencyKey: idempotencyKey === undefined ? undefined : keptUnder(runId),
          invocation,
        },
        resolve,
      ),
    );
    return { runId, answer };
  }

  /**
   * Accept a call that nobody waits for.
   *
   * @returns its run, once Redis has it.
   */
  async accept({ owner }: Pick<KnownFunction, "owner">, request: InvocationRequest): Promise<string> {
    const { runId, queuedAt, isNew } = await this.#begin(request);
    if (!isNew) return runId;
    const { idempotencyKey: _, body, ...rest } = request;
    const fields = { ...rest, runId, queuedAt: String(queuedAt), owner };
    await this.#parts.redis.xadd(INVOCATIONS_KEY, "*", ...Object.entries(fields).flat(), "body", body);
    await this.#showWaiting(owner, { ...rest, body, runId, queuedAt });
    return runId;
  }

  /**
   * Call a function that runs here for a call that was accepted.
   *
   * @param onRecorded hears that its run is stored.
   */
  carryOut(
    target: Target,
    started: StartedInvocation,
    onRecorded: () => void,
    hear: (answer: CallAnswer) => void,
  ): void {
    const { body, shard, runId } = started;
    const invocation: Invocation = {
      ...this.#invocation(started),
      onStarted: () => void this.#showRunning(runId).catch(() => {}),
      onRecorded,
    };
    target.callable.call({ body, shard, idempotencyKey: keptUnder(runId), invocation }, hear);
  }

  #invocation({ runId, user, queuedAt }: Omit<StartedInvocation, "body">): Invocation {
    return { runId, user, queuedAt, trigger: "invocation", onStarted: () => {}, onRecorded: () => {} };
  }

  /** The run of a call: one and the same for all that have the same key of the same user. */
  async #begin({ function: name, user, idempotencyKey }: InvocationRequest): Promise<{
    readonly runId: string;
    readonly queuedAt: number;
    readonly isNew: boolean;
  }> {
    const { redis, runIds } = this.#parts;
    const queuedAt = Date.now();
    const runId = runIds.next(queuedAt);
    if (idempotencyKey === undefined) return { runId, queuedAt, isNew: true };
    const key = invocationKey(name, `${user}:${idempotencyKey}`);
    const before = await redis.set(key, `${runId} ${queuedAt}`, "PX", KEEP_MILLISECONDS, "NX", "GET");
    if (before === null) return { runId, queuedAt, isNew: true };
    const [id = "", time] = before.split(" ");
    return { runId: id, queuedAt: Number(time), isNew: false };
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

function keptUnder(runId: string): string {
  return `run:${runId}`;
}
