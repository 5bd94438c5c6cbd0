import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { weightOf } from "../configuration/classes.ts";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import { type Target, targetOf } from "../triggers/http/targets.ts";
import { untilAborted } from "../until-aborted.ts";
import type { Deployable } from "./deployable.ts";
import type { FunctionRunner } from "./function-runner.ts";
import { type LoadOutcome, notLoaded } from "./load-outcome.ts";
import { Resting } from "./resting.ts";
import { UncallableFunction, WaitingFunction } from "./waiting-function.ts";

/** A function that is put together, and all that has to end with it. */
export interface AssembledFunction {
  readonly runner: FunctionRunner;
  readonly dispose: () => void;
}

/** What a {@link FunctionSet} needs. */
export interface FunctionSetParts {
  /** Makes sure of what these functions need that the others did not. */
  readonly prepare: (definitions: readonly FunctionDefinition[]) => Promise<void>;
  /** Makes sure of what one function needs that is put together by a call, before it is. */
  readonly open: (definition: FunctionDefinition) => Promise<void>;
  /** Wires one function, and starts nothing. */
  readonly assemble: (definition: FunctionDefinition) => AssembledFunction;
  /** Told that a function that was so has another output key, and stores nothing at the old one. */
  readonly onKeyLeft: (before: FunctionDefinition) => void;
  /** Told that a function is gone, and its name with it. */
  readonly onGone: (name: string) => void;
  readonly log: Logger;
}

/** What becomes of a name: one step at a time, towards the newest wish. */
interface Slot {
  readonly name: string;
  /** Undefined: it is to be gone. */
  wanted: Deployable | undefined;
  /** What the last step made of it. */
  applied: Deployable | undefined;
  /** What it is once it was put together, also while it rests. */
  defined: FunctionDefinition | undefined;
  /** Whether a function that is put together by a call is to be so. */
  isAwake: boolean;
  /** Why it cannot be had as it is wanted, which was told. */
  problem: string | undefined;
  /** Steps that are under way. */
  settling: Promise<void> | undefined;
}

/** The functions of a runtime: they come, change and go while the others run. */
export class FunctionSet {
  readonly #parts: FunctionSetParts;
  readonly #slots = new Map<string, Slot>();
  readonly #assembled = new Map<string, AssembledFunction>();
  /** As they are called over HTTP, by their names. */
  readonly targets = new Map<string, Target>();
  readonly #resting: Resting;
  #preparing: Promise<void> = Promise.resolve();
  #isStarted = false;
  #isStopping = false;
  readonly #ready = (of: Deployable): Promise<Target> => this.#readyTarget(of);

  constructor(parts: FunctionSetParts) {
    this.#parts = parts;
    this.#resting = new Resting((name) => this.#letGo(name));
  }

  /** Those that are put together. */
  get runners(): FunctionRunner[] {
    return [...this.#assembled.values()].map(({ runner }) => runner);
  }

  /** Of those that are put together, and those that rest until they are called again. */
  get definitions(): FunctionDefinition[] {
    return [...this.#slots.values()].flatMap(({ name, wanted, defined }) => {
      if (wanted === undefined || wanted.mode === "paused" || defined === undefined) return [];
      return this.#assembled.get(name)?.runner.definition ?? defined;
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
      const slot = this.#slots.get(name) ?? { ...NEW_SLOT, name };
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
    const assembled = this.#assembled.get(name);
    if (slot?.problem !== undefined) return notLoaded("failed", slot.problem);
    if (slot?.wanted?.mode === "paused") return notLoaded("absent", PAUSED);
    if (slot?.wanted === undefined) return notLoaded("absent", "it does not run in this runtime");
    if (assembled === undefined || slot.applied !== slot.wanted) return notLoaded("loading", null);
    return await assembled.runner.load(signal);
  }

  /** Why the code of a function that is there is not loaded; undefined where it is, or was not tried. */
  loadProblem(name: string): string | undefined {
    return this.#slots.get(name)?.problem ?? this.#assembled.get(name)?.runner.status.loadProblem;
  }

  /** Settles once a function is as it is wanted: where that is to be gone, when nothing of it is under way. */
  async settled(name: string): Promise<void> {
    await this.#slots.get(name)?.settling;
  }

  /** From now on what is put together runs. */
  start(): void {
    this.#isStarted = true;
    for (const runner of this.runners) runner.start();
  }

  /** Finish what is under way, and end every function. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#resting.stop();
    await this.#preparing;
    for (const { settling } of this.#slots.values()) await settling;
    await Promise.all(this.runners.map((runner) => runner.stop()));
  }

  /** Settles when nothing is stored any more; after {@link stop}. */
  async finished(): Promise<void> {
    await Promise.all(this.runners.map(({ finished }) => finished));
    for (const { dispose } of this.#assembled.values()) dispose();
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
    if (this.#isSettledAtOnce(slot)) return undefined;
    slot.settling = this.#settleInSteps(slot);
    return slot.settling;
  }

  /** What needs no waiting, for ten thousand functions at a start. */
  #isSettledAtOnce(slot: Slot): boolean {
    const { name, wanted } = slot;
    if (this.#assembled.has(name)) return false;
    if (wanted === undefined) {
      this.targets.delete(name);
      this.#slots.delete(name);
      this.#parts.onGone(name);
    } else if (wanted.mode === "paused") this.targets.set(name, new UncallableFunction(wanted, PAUSED));
    else if (wanted.mode === "on-call" && !slot.isAwake) {
      this.targets.set(name, new WaitingFunction(wanted, true, this.#ready));
      if (slot.applied !== wanted && slot.defined !== undefined) this.#define(slot, definitionOf(wanted));
    } else return false;
    slot.applied = wanted;
    return true;
  }

  async #takeSteps(slot: Slot): Promise<void> {
    while (!this.#isStopping && !this.#isSettledAtOnce(slot)) {
      const { wanted } = slot;
      if (wanted === undefined || !isUp(slot)) await this.#bringDown(slot);
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
    const before = this.#assembled.get(name);
    try {
      const definition = wanted.define();
      if (before === undefined || !(await this.#update(before, definition))) {
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
    if (before !== undefined && this.#assembled.get(name) === before) {
      this.targets.set(name, await targetOf(before.runner));
    }
    slot.applied = wanted;
  }

  #define(slot: Slot, definition: FunctionDefinition | undefined): void {
    const before = slot.defined;
    slot.defined = definition;
    if (before === undefined || definition === undefined) return;
    if (before.outputKey !== definition.outputKey) this.#parts.onKeyLeft(before);
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
    const target = await targetOf(assembled.runner);
    this.#assembled.set(name, assembled);
    this.targets.set(name, target);
    this.#favour();
    if (!this.#isStarted) return;
    assembled.runner.start();
    if (mayRest) this.#resting.watch(assembled.runner);
    else this.#parts.log.info({ function: name }, "function added or changed: it starts");
  }

  async #unwire(name: string): Promise<void> {
    const assembled = this.#assembled.get(name);
    if (assembled === undefined) return;
    this.#resting.forget(assembled.runner);
    await assembled.runner.stop();
    await assembled.runner.finished;
    assembled.dispose();
    this.#assembled.delete(name);
    this.#favour();
    this.#parts.log.info({ function: name }, "function stopped");
  }

  /** Change what runs, where that can be done. */
  async #update({ runner }: AssembledFunction, definition: FunctionDefinition): Promise<boolean> {
    const before = runner.definition;
    if (isDeepStrictEqual(before, definition)) return true;
    if (!isDeepStrictEqual(fixedPart(before), fixedPart(definition))) return false;
    if (!runner.update(definition)) return false;
    const { log } = this.#parts;
    if (isDeepStrictEqual(before.source, definition.source)) {
      log.info({ function: definition.name }, "the function's triggers changed");
    } else runner.reload();
    return true;
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

  /** Functions share the processors by their weights. */
  #favour(): void {
    const { runners } = this;
    const greatest = Math.max(...runners.map(({ definition }) => weightOf(definition.class)));
    for (const runner of runners) runner.favour(greatest);
  }
}

const NEW_SLOT = {
  wanted: undefined,
  applied: undefined,
  defined: undefined,
  isAwake: false,
  problem: undefined,
  settling: undefined,
} as const;
const PAUSED = "the function is paused";

/** Whether it is to be put together. */
function isUp({ wanted, isAwake }: Slot): boolean {
  return wanted?.mode === "running" || (wanted?.mode === "on-call" && isAwake);
}

/** Whether one that does not run has calls that can wait for it. */
function mayBeCalled(wanted: Deployable): boolean {
  if (wanted.mode === "on-call") return true;
  return definitionOf(wanted)?.triggers.some((trigger) => "http" in trigger) ?? false;
}

/** Undefined where it cannot be: that is told when it is to run. */
function definitionOf(wanted: Deployable): FunctionDefinition | undefined {
  try {
    return wanted.define();
  } catch {
    return undefined;
  }
}

/** All of a definition that cannot change while the function runs. */
function fixedPart(definition: FunctionDefinition): object {
  const { source } = definition;
  // Code that the catalog keeps is there at once, and the old is handed over to the new.
  return {
    ...definition,
    triggers: [],
    description: "",
    source: source.kind === "stored" ? "stored" : source,
  };
}
