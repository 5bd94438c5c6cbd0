import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { weightOf } from "../configuration/classes.ts";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import { type Target, targetOf } from "../triggers/http/targets.ts";
import type { FunctionRunner } from "./function-runner.ts";

/** A function that runs, and all that has to end with it. */
export interface AssembledFunction {
  readonly runner: FunctionRunner;
  readonly dispose: () => void;
}

/** The functions of a runtime: they come, change and go while the others run. */
export class FunctionSet {
  readonly #assemble: (definition: FunctionDefinition) => AssembledFunction;
  readonly #log: Logger;
  readonly #assembled = new Map<string, AssembledFunction>();
  /** As they are called over HTTP, by their names. */
  readonly targets = new Map<string, Target>();
  #applying: Promise<void> = Promise.resolve();
  #isStopping = false;

  /** @param assemble wires one function, and starts nothing. */
  constructor(assemble: (definition: FunctionDefinition) => AssembledFunction, log: Logger) {
    this.#assemble = assemble;
    this.#log = log;
  }

  get runners(): FunctionRunner[] {
    return [...this.#assembled.values()].map(({ runner }) => runner);
  }

  /**
   * Wire these functions, and start nothing.
   *
   * @throws ConfigurationError where an input schema cannot be compiled.
   */
  async add(definitions: readonly FunctionDefinition[]): Promise<FunctionRunner[]> {
    const runners: FunctionRunner[] = [];
    for (const definition of definitions) {
      const assembled = this.#assemble(definition);
      this.#assembled.set(definition.name, assembled);
      this.targets.set(definition.name, await targetOf(assembled.runner));
      runners.push(assembled.runner);
    }
    this.#favour();
    return runners;
  }

  /** Have these functions and no others, from now on. What stays as it is goes on undisturbed. */
  async change(definitions: readonly FunctionDefinition[]): Promise<void> {
    this.#applying = this.#applying.then(() => this.#change(definitions));
    await this.#applying;
  }

  /** Finish what is under way, and end every function. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#applying.catch(() => {});
    await Promise.all([...this.#assembled.values()].map(({ runner }) => runner.stop()));
  }

  /** Settles when nothing is stored any more; after {@link stop}. */
  async finished(): Promise<void> {
    await Promise.all(this.runners.map(({ finished }) => finished));
    for (const { dispose } of this.#assembled.values()) dispose();
  }

  async #change(definitions: readonly FunctionDefinition[]): Promise<void> {
    if (this.#isStopping) return;
    const wanted = new Map(definitions.map((definition) => [definition.name, definition]));
    const gone = [...this.#assembled].filter(([name]) => !wanted.has(name));
    const replaced: FunctionDefinition[] = [];
    for (const definition of definitions) {
      const assembled = this.#assembled.get(definition.name);
      if (assembled === undefined) replaced.push(definition);
      else if (isDeepStrictEqual(assembled.runner.definition, definition)) continue;
      else if (await this.#update(assembled, definition)) continue;
      else replaced.push(definition);
    }
    await Promise.all(
      [...gone.map(([name]) => name), ...replaced.map(({ name }) => name)].map((name) => this.#remove(name)),
    );
    for (const runner of await this.add(replaced)) {
      runner.start();
      this.#log.info({ function: runner.definition.name }, "function added or changed: it starts");
    }
  }

  /** Functions share the processors by their weights. */
  #favour(): void {
    const { runners } = this;
    const greatest = Math.max(...runners.map(({ definition }) => weightOf(definition.class)));
    for (const runner of runners) runner.favour(greatest);
  }

  async #update({ runner }: AssembledFunction, definition: FunctionDefinition): Promise<boolean> {
    if (!isDeepStrictEqual(withoutTriggers(runner.definition), withoutTriggers(definition))) return false;
    if (!runner.update(definition)) return false;
    this.targets.set(definition.name, await targetOf(runner));
    this.#log.info({ function: definition.name }, "the function's triggers changed");
    return true;
  }

  async #remove(name: string): Promise<void> {
    const assembled = this.#assembled.get(name);
    if (assembled === undefined) return;
    this.targets.delete(name);
    await assembled.runner.stop();
    await assembled.runner.finished;
    assembled.dispose();
    this.#assembled.delete(name);
    this.#favour();
    this.#log.info({ function: name }, "function stopped");
  }
}

/** All of a definition that cannot change while the function runs. */
function withoutTriggers(definition: FunctionDefinition): FunctionDefinition {
  return { ...definition, triggers: [] };
}
