import type { Logger } from "pino";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import { type Target, targetOf } from "../triggers/http/targets.ts";
import { untilAborted } from "../until-aborted.ts";
import { type AssembledFunction, AssembledFunctions } from "./assembled-functions.ts";
import { type Deployable, definitionOf, mayBeCalled } from "./deployable.ts";
import type { FunctionRunner } from "./function-runner.ts";
import { type LoadOutcome, notLoaded } from "./load-outcome.ts";
import { Resting } from "./resting.ts";
import { Slot } from "./slot.ts";
import { UncallableFunction, WaitingFunction } from "./waiting-function.ts";

const PAUSED = "the function is paused";

/** What a {@link FunctionSet} needs. */
export interface FunctionSetParts {
  /** Makes sure of what these functions need that the others did not. */
  readonly prepare: (definitions: readonly FunctionDefinition[]) => Promise<void>;
  /** Makes sure of what one function needs that is put together by a call, before it is. */
  readonly open: (definition: FunctionDefinition) => Promise<void>;
  /** Wires one function, and starts nothing. */
  readonly assemble: (definition: FunctionDefinition) => AssembledFunction;
  /** Told that a function that was so has another output key, and stores nothing at the old one. */
  readonly onKeyLeft: (before: FunctionDefinition, after: FunctionDefinition) => void;
  /** Told that a function is gone, and its name with it. */
  readonly onGone: (name: string) => void;
  readonly log: Logger;
}

/** The functions of a runtime: they come, change and go while the others run. */
export class FunctionSet {
  readonly #parts: FunctionSetParts;
  readonly #slots = new Map<string, Slot>();
  readonly #assembled: AssembledFunctions;
  /** As they are called over HTTP, by their names. */
  readonly targets = new Map<string, Target>();
  readonly #resting: Resting;
  #preparing: Promise<void> = Promise.resolve();
  #isStopping = false;
  readonly #ready = (of: Deployable): Promise<Target> => this.#readyTarget(of);

  constructor(parts: FunctionSetParts) {
    this.#parts = parts;
    this.#assembled = new AssembledFunctions(parts.log);
    this.#resting = new Resting((name) => this.#letGo(name));
  }

  /** Those that are put together. */
  get runners(): FunctionRunner[] {
    return this.#assembled.runners;
  }

  /** Of those that are put together, and those that rest until they are called again. */
  get definitions(): FunctionDefinition[] {
    return [...this.#slots.values()].flatMap(({ name, wanted, defined }) => {
      if (wanted === undefined || wanted.mode === "paused" || defined === undefined) return [];
      return this.#assembled.runner(name)?.definition ?? defined;
    });
  }

  /**
   * Have these functions as they are given, and those that are undefined no more. What stays as it is goes on
   * undisturbed, and so does what cannot be defined.
   *
   * @returns when calls are held back or answered accordingly; `settled` when all of it is done.
   */
  async set(
    changes: ReadonlyMap<string, Deployable | undefined>,
  ): Promise<{ readonly settled: Promise<void> }> {
    const prepared = this.#preparing.then(() => this.#prepare(changes.values()));
    this.#preparing = prepared.catch(() => {});
    await prepared;
    const settling: Promise<void>[] = [];
    for (const [name, wanted] of changes) {
      const slot = this.#slots.get(name) ?? new Slot(name);
      if (slot.wanted === wanted) continue;
      this.#slots.set(name, slot);
      slot.wanted = wanted;
      slot.problem = undefined;
      slot.isAwake ||= this.#assembled.has(name);
      // Steps that are under way may take long, and are towards what was wanted before.
      if (slot.settling !== undefined) this.#holdBack(slot);
      const settled = this.#settle(slot);
      if (settled !== undefined) settling.push(settled);
    }
    return { settled: Promise.all(settling).then(() => {}) };
  }

  /**
   * Have a function loaded, as its first call would.
   *
   * @param signal aborted: what is known by then is the answer.
   */
  async load(name: string, signal: AbortSignal): Promise<LoadOutcome> {
    await untilAborted(this.targets.get(name)?.awaken?.(), signal);
    await untilAborted(this.#slots.get(name)?.settling, signal);
    const slot = this.#slots.get(name);
    const runner = this.#assembled.runner(name);
    if (slot?.problem !== undefined) return notLoaded("failed", slot.problem);
    if (slot?.wanted?.mode === "paused") return notLoaded("absent", PAUSED);
    if (slot?.wanted === undefined) return notLoaded("absent", "it does not run in this runtime");
    if (runner === undefined || slot.applied !== slot.wanted) return notLoaded("loading", null);
    return await runner.load(signal);
  }

  /** Why the code of a function that is there is not loaded; undefined where it is, or was not tried. */
  loadProblem(name: string): string | undefined {
    return this.#slots.get(name)?.problem ?? this.#assembled.runner(name)?.status.loadProblem;
  }

  /** Settles once a function is as it is wanted: where that is to be gone, when nothing of it is under way. */
  async settled(name: string): Promise<void> {
    await this.#slots.get(name)?.settling;
  }

  /** From now on what is put together runs. */
  start(): void {
    this.#assembled.start();
  }

  /** Finish what is under way, and end every function. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#resting.stop();
    await this.#preparing;
    for (const { settling } of this.#slots.values()) await settling;
    await this.#assembled.stop();
  }

  /** Settles when nothing is stored any more; after {@link stop}. */
  async finished(): Promise<void> {
    await this.#assembled.finished();
  }

  async #prepare(changes: Iterable<Deployable | undefined>): Promise<void> {
    const coming: FunctionDefinition[] = [];
    for (const deployable of changes) {
      if (deployable?.mode !== "running") continue;
      const definition = definitionOf(deployable);
      if (definition !== undefined) coming.push(definition);
    }
    await this.#parts.prepare([...this.runners.map(({ definition }) => definition), ...coming]);
  }

  /** Take steps until all is as it is wanted. @returns undefined where the first step was enough, at once. */
  #settle(slot: Slot): Promise<void> | undefined {
    if (slot.settling !== undefined) return slot.settling;
    if (this.#settleAtOnce(slot)) return undefined;
    // It is known to be under way before it is: a function that stops answers calls at once, which ask for it again.
    slot.settling = Promise.resolve().then(() => this.#settleInSteps(slot));
    return slot.settling;
  }

  /**
   * Settle what is not to be put together, and is not: that needs no waiting, for ten thousand functions at a start.
   *
   * @returns whether it was that.
   */
  #settleAtOnce(slot: Slot): boolean {
    const { name, wanted } = slot;
    if (slot.isUp || this.#assembled.has(name)) return false;
    this.#holdBack(slot);
    if (wanted === undefined) {
      this.#slots.delete(name);
      this.#parts.onGone(name);
    } else if (wanted.mode === "on-call" && slot.applied !== wanted && slot.defined !== undefined) {
      this.#define(slot, definitionOf(wanted));
    }
    slot.applied = wanted;
    return true;
  }

  async #takeSteps(slot: Slot): Promise<void> {
    while (!this.#isStopping && !this.#settleAtOnce(slot)) {
      const { wanted } = slot;
      if (wanted === undefined || !slot.isUp) await this.#bringDown(slot);
      else if (slot.applied !== wanted || !this.#isThere(slot)) await this.#bringUp(slot, wanted);
      else return;
    }
  }

  async #settleInSteps(slot: Slot): Promise<void> {
    try {
      await this.#takeSteps(slot);
    } finally {
      slot.settling = undefined;
    }
    // Another wish may have come after the last look at it.
    if (this.#isBehind(slot)) await this.#settle(slot);
  }

  #isBehind(slot: Slot): boolean {
    return !this.#isStopping && this.#slots.get(slot.name) === slot && slot.applied !== slot.wanted;
  }

  #isThere({ name, problem }: Slot): boolean {
    return problem !== undefined || this.#assembled.has(name);
  }

  /** Have no call reach what is there; those of a function that is to come wait for it. */
  #holdBack({ name, wanted }: Slot): void {
    if (wanted === undefined) this.targets.delete(name);
    else if (wanted.mode === "paused") this.targets.set(name, new UncallableFunction(wanted, PAUSED));
    else this.targets.set(name, new WaitingFunction(wanted, mayBeCalled(wanted), this.#ready));
  }

  async #bringDown(slot: Slot): Promise<void> {
    this.#holdBack(slot);
    await this.#unwire(slot.name);
  }

  async #bringUp(slot: Slot, wanted: Deployable): Promise<void> {
    const { name } = slot;
    const before = this.#assembled.runner(name);
    try {
      const definition = wanted.define();
      if (!this.#assembled.update(name, definition)) {
        if (before !== undefined) {
          this.#holdBack(slot);
          await this.#unwire(name);
        }
        // It was not there when the others were prepared.
        if (wanted.mode === "on-call") await this.#parts.open(definition);
        await this.#wire(definition, wanted.mode === "on-call");
      }
      slot.problem = undefined;
      this.#define(slot, definition);
    } catch (error) {
      this.#tellBroken(slot, wanted, error as Error);
    }
    // It stays, and its calls may have been held back.
    if (before !== undefined && this.#assembled.runner(name) === before) {
      this.targets.set(name, await targetOf(before));
    }
    slot.applied = wanted;
  }

  #define(slot: Slot, definition: FunctionDefinition | undefined): void {
    const before = slot.defined;
    slot.defined = definition;
    if (before === undefined || definition === undefined) return;
    if (before.outputKey !== definition.outputKey) this.#parts.onKeyLeft(before, definition);
  }

  #tellBroken(slot: Slot, wanted: Deployable, error: Error): void {
    const { name } = slot;
    slot.problem = error.message;
    const { log } = this.#parts;
    if (this.#assembled.has(name)) {
      log.error(
        { function: name },
        `the function changed but cannot be had so, the old one stays: ${error.message}`,
      );
    } else {
      log.error({ function: name }, `the function cannot be had: ${error.message}`);
      this.targets.set(name, new UncallableFunction(wanted, error.message));
    }
  }

  async #wire(definition: FunctionDefinition, mayRest: boolean): Promise<void> {
    const { name } = definition;
    const assembled = this.#parts.assemble(definition);
    const target = await targetOf(assembled.runner).catch((error: unknown) => {
      assembled.dispose();
      throw error;
    });
    this.targets.set(name, target);
    this.#assembled.add(assembled);
    if (mayRest) this.#resting.watch(assembled.runner);
    else if (this.#assembled.areStarted)
      this.#parts.log.info({ function: name }, "function added or changed: it starts");
  }

  async #unwire(name: string): Promise<void> {
    const runner = this.#assembled.runner(name);
    if (runner !== undefined) this.#resting.forget(runner);
    await this.#assembled.remove(name);
  }

  async #readyTarget(of: Deployable): Promise<Target> {
    const slot = this.#slots.get(of.name);
    if (slot !== undefined) {
      slot.isAwake = true;
      await this.#settle(slot);
    }
    const target = this.targets.get(of.name);
    if (target === undefined) return new UncallableFunction(of, "the function was deleted");
    // It may be replaced again by now, and then waits again.
    return this.#isStopping ? new UncallableFunction(of, "the runtime stops") : target;
  }

  #letGo(name: string): void {
    const slot = this.#slots.get(name);
    if (slot === undefined) return;
    slot.isAwake = false;
    void this.#settle(slot);
  }
}
