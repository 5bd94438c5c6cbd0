import type { TriggerSpec } from "../configuration/triggers.ts";
import type { FunctionEvent } from "../dispatcher/event.ts";
import type { Trigger } from "../triggers/trigger.ts";

/** The triggers of one function that push their events: those that stay the same are not disturbed by a change. */
export class BoundTriggers {
  readonly #make: (spec: TriggerSpec) => Trigger | undefined;
  readonly #emit: (event: FunctionEvent) => void;
  #specs: ReadonlyMap<string, TriggerSpec> = new Map();
  /** Those that run, by their specification. */
  readonly #running = new Map<string, Trigger>();
  #isStarted = false;

  /** @param make makes a trigger; undefined where the specification is of another kind. */
  constructor(make: (spec: TriggerSpec) => Trigger | undefined, emit: (event: FunctionEvent) => void) {
    this.#make = make;
    this.#emit = emit;
  }

  /** These, and no others. */
  set(specs: readonly TriggerSpec[]): void {
    this.#specs = new Map(specs.map((spec) => [JSON.stringify(spec), spec]));
    for (const [name, trigger] of this.#running) {
      if (this.#specs.has(name)) continue;
      trigger.stop();
      this.#running.delete(name);
    }
    if (this.#isStarted) this.start();
  }

  start(): void {
    this.#isStarted = true;
    for (const [name, spec] of this.#specs) {
      if (this.#running.has(name)) continue;
      const trigger = this.#make(spec);
      if (trigger === undefined) continue;
      this.#running.set(name, trigger);
      trigger.start(this.#emit);
    }
  }

  /** What came of these positions of their sources is void. */
  again(positions: ReadonlyMap<string, string>): void {
    for (const trigger of this.#running.values()) {
      for (const [source, position] of positions) trigger.again?.(source, position);
    }
  }

  stop(): void {
    this.#isStarted = false;
    for (const trigger of this.#running.values()) trigger.stop();
    this.#running.clear();
  }
}
