import { isDeepStrictEqual } from "node:util";
import type { Logger } from "pino";
import type { Class } from "../configuration/classes.ts";
import type { ConfigurationFile } from "../configuration/file.ts";
import type { Isolation } from "../configuration/isolation.ts";
import type { FunctionDefinition } from "../configuration/manifest.ts";
import { type Deployable, runningFunction } from "./deployable.ts";
import type { FunctionSet } from "./function-set.ts";
import type { LoadOutcome } from "./load-outcome.ts";

/** A function of the catalog, as the runtime needs to know it. */
export interface CatalogFunction extends Deployable {
  /** As its manifest says it; undefined: that of its name. */
  readonly outputKey: string | undefined;
  readonly class: Class;
  readonly isolation: Isolation;
}

/** What of a configuration file matters here. */
type FunctionsOfFile = Pick<ConfigurationFile, "functions" | "isServed"> &
  Partial<Pick<ConfigurationFile, "notServed">>;

/**
 * Where a runtime's functions come from: a file, and the catalog. What the file names is the file's, by its name and
 * by its output key; a function of the catalog that has the same is not run.
 */
export class FunctionSources {
  readonly #set: FunctionSet;
  readonly #log: Logger;
  #file: ReadonlyMap<string, Deployable> = new Map();
  #definitions: readonly FunctionDefinition[] = [];
  /** Names that the file gives to others as well. */
  #reserved: ReadonlySet<string> = new Set();
  #outputKeys: ReadonlySet<string> = new Set();
  #isServed: ConfigurationFile["isServed"] = () => true;
  readonly #catalog = new Map<string, CatalogFunction>();
  readonly #shadowed = new Set<string>();

  constructor(set: FunctionSet, log: Logger) {
    this.#set = set;
    this.#log = log;
  }

  /** The file's, of those that this runtime serves. */
  get ofFile(): readonly FunctionDefinition[] {
    return this.#definitions;
  }

  get namesOfCatalog(): readonly string[] {
    return [...this.#catalog.keys()];
  }

  /** Have a function loaded, as its first call would. @param signal aborted: what is known by then is the answer. */
  load(name: string, signal: AbortSignal): Promise<LoadOutcome> {
    return this.#set.load(name, signal);
  }

  /** Why the code of a function that runs here is not loaded; undefined where it is, or was not tried. */
  loadProblem(name: string): string | undefined {
    return this.#set.loadProblem(name);
  }

  /** Settles once a function is here as it is wanted, or gone where that is wanted. */
  settled(name: string): Promise<void> {
    return this.#set.settled(name);
  }

  /** Whether the file names a function so, for this runtime or another. */
  isOfFile(name: string): boolean {
    return this.#file.has(name) || this.#reserved.has(name);
  }

  /** Whether an output of the file's is stored at this key. */
  isKeyOfFile(outputKey: string): boolean {
    return this.#outputKeys.has(outputKey);
  }

  /** Have these functions of the file and no others of it. What stays as it is goes on undisturbed. */
  async setFile({ functions, notServed = [], isServed }: FunctionsOfFile): Promise<void> {
    const before = this.#file;
    const known = new Map(this.#definitions.map((definition) => [definition.name, definition]));
    this.#file = new Map(
      functions.map((definition) => {
        const { name } = definition;
        const same = isDeepStrictEqual(known.get(name), definition) ? before.get(name) : undefined;
        return [name, same ?? runningFunction(definition)];
      }),
    );
    this.#definitions = functions;
    this.#reserved = new Set(notServed);
    this.#outputKeys = new Set(functions.map(({ outputKey }) => outputKey));
    this.#isServed = isServed;
    await (await this.#apply(new Set([...before.keys(), ...this.#file.keys(), ...this.#catalog.keys()])))
      .settled;
  }

  /**
   * Have these functions of the catalog, and those of these names no more.
   *
   * @returns when calls are held back or answered accordingly; `settled` when all of it is done.
   */
  async changeCatalog(
    changed: readonly CatalogFunction[],
    gone: readonly string[],
  ): Promise<{ readonly settled: Promise<void> }> {
    for (const name of gone) this.#catalog.delete(name);
    for (const each of changed) this.#catalog.set(each.name, each);
    return await this.#apply(new Set([...changed.map(({ name }) => name), ...gone]));
  }

  #apply(names: ReadonlySet<string>): ReturnType<FunctionSet["set"]> {
    return this.#set.set(new Map([...names].map((name) => [name, this.#wanted(name)])));
  }

  #wanted(name: string): Deployable | undefined {
    const ofFile = this.#file.get(name);
    const ofCatalog = this.#catalog.get(name);
    const isShadowed =
      ofCatalog !== undefined &&
      (this.isOfFile(name) || (ofCatalog.outputKey !== undefined && this.isKeyOfFile(ofCatalog.outputKey)));
    if (isShadowed && !this.#shadowed.has(name)) {
      this.#log.warn(
        { function: name },
        "the configuration file has a function of this name or output key: the catalog's does not run",
      );
    }
    if (isShadowed) this.#shadowed.add(name);
    else this.#shadowed.delete(name);
    if (ofFile !== undefined || ofCatalog === undefined) return ofFile;
    return !isShadowed && this.#isServed(ofCatalog) ? ofCatalog : undefined;
  }
}
