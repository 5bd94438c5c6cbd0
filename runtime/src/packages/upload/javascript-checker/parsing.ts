import { createRequire, stripTypeScriptTypes } from "node:module";
import { compileFunction, SourceTextModule } from "node:vm";
import { parse as parseCommonJs } from "cjs-module-lexer";
import { init, parse as parseEsModule } from "es-module-lexer";
import type { ModuleKind } from "./module-kinds.ts";

const WRAPPER = ["exports", "require", "module", "__filename", "__dirname"];
/** How Node shows where an error is: file and line, what stands there and perhaps before it, and marks under it. */
const PLACE = /^[^\n]*:(?<line>\d+)\n(?:[^\n]*\n)*?(?<before>[^\S\n]*)\^+[^\S\n]*\n/;
/** As above, where there is nothing to put a mark under. */
const LINE = /^[^\n]*:(?<line>\d+)\n/;

await init();

/** A syntax error, and where it is. */
export class SyntaxFault extends Error {
  /** From 1; null where Node does not say it. */
  readonly line: number | null;
  readonly column: number | null;

  constructor(message: string, line: number | null, column: number | null) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/** An `import … from`, or an `export … from`; where what is imported stands, from 1. */
export interface ModuleImport {
  readonly specifier: string;
  readonly line: number;
  readonly column: number;
}

/** A module whose syntax is right. */
export interface ParsedModule {
  /** Without types. */
  readonly source: string;
  /** Names that it exports itself. */
  readonly names: readonly string[];
  /** What it exports all names of. */
  readonly stars: readonly string[];
  /** What it imports before it runs. */
  readonly imports: readonly ModuleImport[];
  /** Whether it may export what cannot be seen without running it. */
  readonly isOpen: boolean;
}

/**
 * Parse a module as Node would, and find out what it exports. It is not run.
 *
 * @throws SyntaxFault
 * @throws RangeError where it is nested too deeply.
 */
export function parseModule(path: string, text: string, kind: ModuleKind): ParsedModule {
  const source = path.endsWith("ts") ? attempt(() => stripTypeScriptTypes(text, { mode: "strip" })) : text;
  if (kind === "module") return parseAsModule(path, source);
  if (kind === "commonjs") return parseAsCommonJs(path, source);
  try {
    return parseAsCommonJs(path, source);
  } catch (error) {
    try {
      return parseAsModule(path, source);
    } catch (other) {
      // The error of what it is meant to be.
      throw /^\s*(import|export)\b/m.test(source) ? other : error;
    }
  }
}

function parseAsModule(path: string, source: string): ParsedModule {
  attempt(() => new SourceTextModule(source, { identifier: path }));
  const [found, exports] = parseEsModule(source, path);
  const names = exports.flatMap((each) => (each.type === "reexport-all" ? [] : [each.name]));
  const stars = exports.flatMap((each) => (each.type === "reexport-all" ? [each.from] : []));
  const imports = found.flatMap((each) =>
    each.type === "static" || each.type === "reexport-star"
      ? [importAt(source, each.specifier, each.start)]
      : [],
  );
  return { source, names, stars, imports, isOpen: names.includes("default") };
}

function importAt(source: string, specifier: string, at: number): ModuleImport {
  const before = source.slice(0, at).split("\n");
  // The quotation mark is before it.
  return { specifier, line: before.length, column: before.at(-1)?.length ?? 0 };
}

function parseAsCommonJs(path: string, source: string): ParsedModule {
  attempt(() => compileFunction(source, WRAPPER, { filename: path }));
  return { source, names: commonJsNames(source), stars: [], imports: [], isOpen: true };
}

function commonJsNames(source: string): string[] {
  try {
    return parseCommonJs(source).exports;
  } catch {
    return [];
  }
}

function attempt<Result>(parse: () => Result): Result {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    decorate(error);
    const stack = String(error.stack);
    const { line, before } = (PLACE.exec(stack) ?? LINE.exec(stack))?.groups ?? {};
    throw new SyntaxFault(
      error.message,
      line === undefined ? null : Number(line),
      before === undefined ? null : before.length + 1,
    );
  }
}

/** Of an ES module Node knows where an error is, but writes it to the stack only for itself. */
const { decorateErrorStack: decorate } = createRequire(import.meta.url)("internal/util") as {
  readonly decorateErrorStack: (error: Error) => void;
};
