import { LANGUAGES, type Language, typed } from "./languages.ts";
import type { WorkerUnderTest } from "./worker-under-test.ts";

/** What a step of a case may use. */
export interface Subject {
  readonly worker: WorkerUnderTest;
  readonly language: Language;
  /** The function's own file. */
  readonly file: string;
  /** Put a file into the function's folder and give its path. */
  readonly write: (name: string, content: string | Buffer) => string;
  /** A further worker of the same function, not loaded. */
  readonly another: (environment?: Readonly<Record<string, string>>) => WorkerUnderTest;
}

/** The sources of a function, or of what differs, by language. What TypeScript has not got is JavaScript's with types. */
export type PerLanguage<Value> = Partial<Readonly<Record<Language, Value>>>;

/** One thing that every worker has to do alike. */
export interface ConformanceCase {
  readonly name: string;
  /** The function's file `usermodule`; a language that is not here says in `because` why. */
  readonly handler: PerLanguage<string>;
  readonly because?: string;
  /** Further environment variables. */
  readonly environment?: Readonly<Record<string, string>>;
  /** False: the case loads the function itself. */
  readonly isLoaded?: false;
  /** Why it says nothing of a worker in a virtual machine, where that is so. */
  readonly notInMachines?: string;
  readonly run: (subject: Subject) => Promise<void>;
}

/** The handler's source in each language that the case is for. */
export function sourcesOf({ handler }: ConformanceCase): [Language, string][] {
  return LANGUAGES.flatMap((language) => {
    const source = of(handler, language, (javascript) => typed(javascript));
    return source === undefined ? [] : [[language, source] as [Language, string]];
  });
}

/** What a language is expected to do, where languages must differ. */
export function of<Value>(
  values: PerLanguage<Value>,
  language: Language,
  toTypescript: (javascript: Value) => Value = (value) => value,
): Value | undefined {
  if (language !== "typescript") return values[language];
  return values.typescript ?? (values.javascript === undefined ? undefined : toTypescript(values.javascript));
}

/** Dedent, so that sources can stand where they are used. */
export function source(strings: TemplateStringsArray, ...values: readonly (string | undefined)[]): string {
  const lines = strings
    .map((text, index) => text + (values[index] ?? ""))
    .join("")
    .replace(/^\n/, "")
    .split("\n");
  const indents = lines
    .filter((line) => line.trim() !== "")
    .map((line) => line.length - line.trimStart().length);
  return `${lines
    .map((line) => line.slice(Math.min(...indents)))
    .join("\n")
    .trimEnd()}\n`;
}
