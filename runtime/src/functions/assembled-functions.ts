import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import { weightOf } from "../configuration/classes.ts";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import type { FunctionRunner } from "./function-runner.ts";

/** A function that is put together, and all that has to end with it. */
export interface AssembledFunction {
  readonly runner: FunctionRunner;
  readonly dispose: () => void;
}

/** The functions that are put together, by their names. Those of a greater weight go first. */
export class AssembledFunctions {
  readonly #log: Logger;
  readonly #byName = new Map<string, AssembledFunction>();
  #areStarted = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  get runners(): FunctionRunner[] {
    return [...this.#byName.values()].map(({ runner }) => runner);
  }

  /** Whether they run, and what is added does from then on. */
  get areStarted(): boolean {
    return this.#areStarted;
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  runner(name: string): FunctionRunner | undefined {
    return this.#byName.get(name)?.runner;
  }

  /** From now on they run. */
  start(): void {
    this.#areStarted = true;
    for (const runner of this.runners) runner.start();
  }

  add(assembled: AssembledFunction): void {
    const { runner } = assembled;
    this.#byName.set(runner.definition.name, assembled);
    this.#favour();
    if (this.#areStarted) runner.start();
  }

  /** Change one that runs. @returns false where that cannot be done: it has to be put together anew. */
  update(name: string, definition: FunctionDefinition): boolean {
    const runner = this.runner(name);
    if (runner === undefined) return false;
    const before = runner.definition;
    if (isDeepStrictEqual(before, definition)) return true;
    if (!isDeepStrictEqual(fixedPart(before), fixedPart(definition))) return false;
    if (!runner.update(definition)) return false;
    if (isDeepStrictEqual(before.source, definition.source)) {
      this.#log.info({ function: name }, "the function's triggers changed");
    } else runner.reload();
    return true;
  }

  /** Finish what is under way of one, and end it. */
  async remove(name: string): Promise<void> {
    const assembled = this.#byName.get(name);
    if (assembled === undefined) return;
    await assembled.runner.stop();
    await assembled.runner.finished;
    assembled.dispose();
    this.#byName.delete(name);
    this.#favour();
    this.#log.info({ function: name }, "function stopped");
  }

  /** Finish what is under way, and end all of them. */
  async stop(): Promise<void> {
    await Promise.all(this.runners.map((runner) => runner.stop()));
  }

  /** Settles when nothing is stored any more; after {@link stop}. */
  async finished(): Promise<void> {
    await Promise.all(this.runners.map(({ finished }) => finished));
    for (const { dispose } of this.#byName.values()) dispose();
  }

  /** Functions share the processors by their weights. */
  #favour(): void {
    const { runners } = this;
    const greatest = Math.max(...runners.map(({ definition }) => weightOf(definition.class)));
    for (const runner of runners) runner.favour(greatest);
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
