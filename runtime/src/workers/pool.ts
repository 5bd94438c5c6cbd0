import { formatDuration } from "@gaugelet/shared/units";
import { backOffSeconds } from "./back-off.ts";
import { ChangeRetry } from "./change-retry.ts";
import { type HandOverProblem, handOver } from "./hand-over.ts";
import { LoadReport } from "./load-report.ts";
import { PoolSize } from "./pool-size.ts";
import {
  type FailingState,
  failingState,
  isSameFailure,
  loadRefusal,
  type PoolState,
  type Refusal,
  readyState,
} from "./pool-state.ts";
import type { ScalingChange } from "./scaling-log.ts";
import type { ScalingPolicy } from "./scaling-rule.ts";
import type { WorkerEnd } from "./transport.ts";
import type { Call, Worker } from "./worker.ts";
import { type StarterOptions, WorkerStarter } from "./worker-starter.ts";

/** Who sends calls to a pool's workers. */
export interface PoolUser<C extends Call> {
  /** A worker can be sent calls. */
  onReady(worker: Worker<C>): void;
  /** A worker that had been given up to another goes on after all. */
  onResumed(): void;
  /** A worker ended by itself. What it had is the user's again. */
  onLost(worker: Worker<C>, end: WorkerEnd): void;
  /** The function cannot be loaded; it is tried again. */
  onFailing(failing: FailingState): void;
  /** A worker ended as wanted; another one has its shards now, or none. */
  onMoved(from: Worker<C>, to: Worker<C> | undefined): void;
  /** Settles when a worker that is sent nothing has nothing to do any more. */
  quiet(worker: Worker<C>): Promise<void>;
  /** What a shard's number stands for. */
  nameOf(shard: number): { readonly name: string; readonly outputKey: string };
}

/** What a {@link WorkerPool} needs. */
export interface PoolOptions<C extends Call> extends StarterOptions {
  readonly policy: ScalingPolicy;
  /** Whether workers hold an `env` that has to be handed over. */
  readonly keepsEnv: boolean;
  readonly onStarted: (worker: Worker<C>) => void;
  /** A worker is gone, as wanted or not. */
  readonly onGone: (worker: Worker<C>) => void;
  /** A worker that was ready ended by itself. */
  readonly onEnded: (end: WorkerEnd) => void;
  readonly onScaled: (change: ScalingChange) => void;
}

/**
 * Keeps the workers of one function: as many as the scaling rule says, of the version that is there.
 *
 * starting ─ ready ─ (one ends by itself) ─ another starts, after a back-off that grows with failures in a row
 *    └─ failing (cannot be loaded) ─ starting, after the back-off or at once when the code changes
 *
 * One loop starts, replaces and ends workers, one step at a time. A changed function is loaded into a second
 * worker while the first goes on; once the first has nothing to do, its live `env` is handed over. Code that
 * cannot be loaded replaces nothing.
 */
export class WorkerPool<C extends Call> {
  readonly #options: PoolOptions<C>;
  readonly #user: PoolUser<C>;
  readonly #alive = new Set<Worker<C>>();
  /** Those that may be sent calls, oldest first. Only the loop adds. */
  #serving: Worker<C>[] = [];
  /** Of those, the ones that are about to be replaced or to go. */
  readonly #leaving = new Set<Worker<C>>();
  #state: PoolState = { kind: "starting" };
  readonly #size: PoolSize;
  readonly #starter: WorkerStarter<C>;
  /** Starts that failed and workers that ended by themselves, in a row. */
  #failures = 0;
  #stopped = false;
  readonly #stopping = Promise.withResolvers<void>();
  readonly #retry = new ChangeRetry(() => this.#ring());
  /** Rung when there may be something to do. */
  #bell = Promise.withResolvers<void>();
  #running: Promise<void> = Promise.resolve();
  /** What became of loading the code that is there. */
  readonly loading = new LoadReport();

  constructor(options: PoolOptions<C>, user: PoolUser<C>) {
    this.#options = options;
    this.#user = user;
    this.#starter = new WorkerStarter(options);
    const { policy, log } = options;
    this.#size = new PoolSize({
      policy,
      serving: () => this.#serving,
      onChanged: (change) => {
        options.onScaled(change);
        this.#ring();
      },
      log,
    });
    if (policy.min === 0) this.#state = { kind: "idle" };
  }

  get state(): PoolState {
    return this.#state;
  }

  /** The workers that may be sent calls. */
  get serving(): readonly Worker<C>[] {
    return this.#leaving.size === 0
      ? this.#serving
      : this.#serving.filter((worker) => !this.#leaving.has(worker));
  }

  /** Every worker that is there. */
  get workers(): ReadonlySet<Worker<C>> {
    return this.#alive;
  }

  /** How many workers there are to be. */
  get target(): number {
    return this.#size.target;
  }

  /** Share of their time that the workers had calls, from 0 to 1, over the last sample. */
  get utilization(): number {
    return this.#size.utilization;
  }

  /** Version of the code that serves or served last; "" before the first. */
  get version(): string {
    return this.#starter.version ?? "";
  }

  isServing(worker: Worker<C>): boolean {
    return this.#serving.includes(worker) && !this.#leaving.has(worker);
  }

  start(): void {
    this.#running = this.#run();
    this.#size.start();
  }

  /** There are events and no worker: one is started where none is meant to be there. */
  want(): void {
    if (this.target > 0 || this.#stopped) return;
    this.#size.set(1, "an event came");
  }

  /** Note that a call succeeded: the next failure is the first again. */
  noteSuccess(): void {
    this.#failures = 0;
  }

  /** The code changed: load it, instead of an older version that is being loaded. */
  reload(): void {
    this.#failures = 0;
    this.#retry.cancel();
    this.loading.begin();
    this.#starter.interrupt();
    this.#starter.noteChange();
    this.#ring();
  }

  /** End every process; what they are doing is lost. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#retry.cancel();
    this.#size.stop();
    this.#starter.interrupt();
    this.#stopping.resolve();
    this.#ring();
    await Promise.all([...this.#alive].map((worker) => worker.stop()));
    await this.#running;
    this.#state = { kind: "stopped" };
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      if (this.#retry.isDue && this.#serving.length > 0) {
        // Not without one that serves, which would be lost where it fails again.
        this.#retry.begin();
        this.#starter.noteChange();
      }
      const outdated = this.#starter.hasChanged
        ? this.#serving[0]
        : this.#serving.find((worker) => worker.package.version !== this.#starter.version);
      if (outdated !== undefined) await this.#replace(outdated);
      else if (this.#serving.length < this.target) await this.#add();
      else if (this.#serving.length > this.target) await this.#removeIdle();
      else await this.#bell.promise;
    }
  }

  async #add(): Promise<void> {
    await this.#starter.pause(this.#failures);
    if (this.#stopped) return;
    const worker = await this.#tryStart((error) => this.#reportFailure(error));
    if (worker !== undefined) this.#serve(worker);
  }

  /** The one that had nothing to do for longest goes. */
  async #removeIdle(): Promise<void> {
    const now = performance.now();
    const [idle] = [...this.#serving].sort((a, b) => a.lastUsed(now) - b.lastUsed(now));
    if (idle === undefined) return;
    this.#leaving.add(idle);
    await this.#untilQuiet(idle);
    if (this.#stopped) return;
    this.#retire(idle, undefined);
    if (this.#serving.length === 0) this.#state = { kind: "idle" };
    await idle.stop();
  }

  /** A worker that served ended by itself. Heard at once, whatever the loop is doing. */
  #lost(worker: Worker<C>, end: WorkerEnd): void {
    if (this.#stopped || !this.#serving.includes(worker)) return;
    this.#serving = this.#serving.filter((each) => each !== worker);
    this.#leaving.delete(worker);
    if (this.#serving.length === 0) this.#state = { kind: "restarting" };
    else this.#showReady();
    this.#failures += 1;
    const wait = formatDuration(backOffSeconds(this.#failures));
    const { reason } = end;
    this.#options.log.error({ reason }, `the function's process ${reason}; a new one starts in ${wait}`);
    this.#options.onEnded(end);
    this.#user.onLost(worker, end);
    this.#ring();
  }

  async #replace(old: Worker<C>): Promise<void> {
    const isFirst = old.package.version === this.#starter.version;
    const replacement = await this.#tryStart((error) => this.#refuseChange(error), old.package.version);
    if (replacement === undefined) {
      // The new version serves already: this one must not stay behind.
      if (!isFirst && !this.#stopped && !this.#starter.hasChanged) await this.#dismiss(old);
      return;
    }
    const { log, keepsEnv } = this.#options;
    if (!keepsEnv) this.#serveChanged(replacement);
    this.#leaving.add(old);
    await this.#untilQuiet(old);
    const problem = keepsEnv && this.#serving.includes(old) ? await this.#giveEnv(old, replacement) : null;
    if (this.#stopped) return;
    const { version } = replacement.package;
    if (problem !== null) {
      const { reason, mayPass } = problem;
      log.error(`the function changed but cannot take over env, the old version stays: ${reason}`);
      this.#refuse({ reason: `cannot take over env: ${reason}`, details: "" });
      if (mayPass) this.#retry.noteFailure();
      this.#leaving.delete(old);
      this.#user.onResumed();
      await replacement.stop();
      return;
    }
    const wasThere = this.#retire(old, replacement);
    if (keepsEnv) this.#serveChanged(replacement);
    log.info({ version }, "the function changed; the new version took over");
    if (wasThere) await old.stop();
  }

  #serveChanged(replacement: Worker<C>): void {
    this.#retry.noteSuccess();
    this.#serve(replacement);
  }

  async #giveEnv(old: Worker<C>, replacement: Worker<C>): Promise<HandOverProblem | null> {
    const handedOver = handOver(old, replacement, (shard) => this.#user.nameOf(shard), this.#options.log);
    return await Promise.race([handedOver, this.#stopping.promise.then(() => null)]);
  }

  async #dismiss(worker: Worker<C>): Promise<void> {
    this.#leaving.add(worker);
    await this.#untilQuiet(worker);
    if (this.#stopped) return;
    this.#retire(worker, undefined);
    await worker.stop();
  }

  /** A call that hangs must not keep the end waiting. */
  async #untilQuiet(worker: Worker<C>): Promise<void> {
    await Promise.race([this.#user.quiet(worker), this.#stopping.promise]);
  }

  /** It serves no more. @returns whether it did until now. */
  #retire(worker: Worker<C>, successor: Worker<C> | undefined): boolean {
    this.#leaving.delete(worker);
    const wasThere = this.#serving.includes(worker);
    this.#serving = this.#serving.filter((each) => each !== worker);
    if (wasThere) this.#user.onMoved(worker, this.#options.keepsEnv ? successor : undefined);
    return wasThere;
  }

  /** What is missing may come without a change of the code, so that it is tried again; each reason is told once. */
  #refuseChange(error: Error): void {
    const refused = loadRefusal(error);
    // A change that fails as the one before did is told again.
    const isTold =
      this.#retry.hasFailed && this.#state.kind === "ready" && this.#state.refused?.reason === refused.reason;
    if (!isTold) {
      const { details } = refused;
      this.#options.log.error(
        { details },
        `the function changed but cannot be loaded, the old version stays: ${error.message}`,
      );
    }
    this.#refuse(refused);
    this.#retry.noteFailure();
  }

  #refuse(refused: Refusal | undefined): void {
    if (this.#state.kind === "ready") this.#state = { ...this.#state, refused };
    this.#tellLoaded(refused);
  }

  /** @param problem undefined: it is loaded. */
  #tellLoaded(problem: Refusal | undefined): void {
    // It may have been another code.
    if (!this.#starter.hasChanged) this.loading.tell({ problem });
  }

  /** @returns undefined where there is nothing to start, it failed, or a newer change or the end came first. */
  async #tryStart(onFailure: (error: Error) => void, servedVersion?: string): Promise<Worker<C> | undefined> {
    const worker = await this.#starter.start(onFailure, servedVersion);
    if (worker === "runs already") {
      this.#retry.noteSuccess();
      this.#refuse(undefined);
      return undefined;
    }
    if (worker === undefined) return undefined;
    this.#alive.add(worker);
    void worker.ended.then(() => {
      this.#alive.delete(worker);
      this.#options.onGone(worker);
    });
    if (!this.#stopped) return worker;
    await worker.stop();
    return undefined;
  }

  /** Each reason once, however often it is tried. */
  #reportFailure(error: Error): void {
    this.#failures += 1;
    const { log } = this.#options;
    const failing = failingState(error);
    const { reason, details } = failing;
    if (this.#serving.length > 0) {
      log.error({ details }, `cannot start one more worker: ${reason}`);
      return;
    }
    const isTold = isSameFailure(this.#state, failing);
    this.#state = failing;
    this.#tellLoaded({ reason: `cannot be loaded: ${reason}`, details });
    this.#user.onFailing(failing);
    if (!isTold) log.error({ details }, `cannot load the function: ${reason}`);
  }

  #serve(worker: Worker<C>): void {
    this.#serving = [...this.#serving, worker];
    this.#starter.noteServing(worker);
    void worker.ended.then((end) => this.#lost(worker, end));
    this.#showReady();
    // Where a change is refused, this one is of the code before.
    if (!this.#retry.hasFailed) this.#tellLoaded(undefined);
    this.#options.onStarted(worker);
    this.#user.onReady(worker);
    this.#ring();
  }

  #showReady(): void {
    this.#state = readyState(this.#state, this.version, this.#serving[0]?.pid);
  }

  #ring(): void {
    this.#bell.resolve();
    this.#bell = Promise.withResolvers<void>();
  }
}
