import { existsSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { MODULE_ENDINGS } from "./module-endings.ts";
import { locateSyntaxError, type SyntaxErrorPlace } from "./syntax-errors.ts";
import { describe, stackOf } from "./user-errors.ts";
import { cut, isClass, isInstance, nameOf } from "./values.ts";

const MAX_TEXT_CHARACTERS = 2_000;

/** The function cannot be loaded. `details` is a stack of the user's own code, or the line at fault, where there is one. */
export class LoadError extends Error {
  readonly details: string;

  constructor(message: string, details = "") {
    super(cut(message, MAX_TEXT_CHARACTERS));
    this.details = details;
  }
}

/** What a function exports. */
export type Handler = (input: Record<string, unknown>, context: object) => unknown;

/** A function that is ready to be called. */
export interface LoadedFunction {
  readonly handler: Handler;
  /** Last change of the function's file: `YYYY-MM-DD HH:MM:SS`, local time. */
  readonly getmtime: string;
}

/**
 * Import `module.attribute` from a directory: an ES module, CommonJS or TypeScript.
 *
 * @param file the module's file where its name is not the module's.
 * @throws LoadError
 */
export async function loadFunction(
  directory: string,
  handler: string,
  file: string | null,
): Promise<LoadedFunction> {
  const dot = handler.lastIndexOf(".");
  const [name, attribute] = [handler.slice(0, Math.max(dot, 0)), handler.slice(dot + 1)];
  if (name === "" || attribute === "") {
    throw new LoadError(`the entry point '${handler}' is not of the form module.attribute`);
  }
  const path = file === null ? findModule(directory, name) : checkFile(file);
  const exported = await importModule(path, name);
  const found = exported[attribute];
  if (typeof found === "function" && !isClass(found))
    return { handler: found as Handler, getmtime: modificationTime(path) };
  if (found !== undefined) {
    throw new LoadError(
      `${handler} in ${path} is ${nameOf(found)}, which cannot be called;` +
        ` \`export function ${attribute}(input, context)\` was expected`,
    );
  }
  // Of CommonJS, Node's own name for all of it cannot be an entry point's.
  const others = Object.keys(exported).filter(
    (each) => typeof exported[each] === "function" && each !== "module.exports",
  );
  const way = others.includes("default") ? `: \`handler: ${name}.default\`` : "";
  const has = others.length > 0 ? `it has ${others.slice(0, 10).join(", ")}` : "it exports no functions";
  throw new LoadError(
    `${path} has no '${attribute}'; ${has}.` +
      ` Define \`export function ${attribute}(input, context)\` or choose another entry point${way}`,
  );
}

function findModule(directory: string, name: string): string {
  const start = join(directory, ...name.split("."));
  const path = MODULE_ENDINGS.map((extension) => start + extension).find((each) => existsSync(each));
  if (path !== undefined) return path;
  const hint = existsSync(`${start}.py`) ? `; there is ${start}.py: set \`language: python\`` : "";
  const none = `none of ${MODULE_ENDINGS.join(", ")}`;
  throw new LoadError(`there is no module '${name}' in ${directory}: ${none}${hint}`);
}

function checkFile(file: string): string {
  if (!MODULE_ENDINGS.includes(extname(file))) {
    const endings = `${MODULE_ENDINGS.slice(0, -1).join(", ")} or ${MODULE_ENDINGS.at(-1)}`;
    throw new LoadError(`${file} is not a JavaScript or TypeScript file: its name must end in ${endings}`);
  }
  if (!existsSync(file)) throw new LoadError(`${file} does not exist`);
  return file;
}

/** What a module exports; of CommonJS also what Node does not see without running it. */
async function importModule(path: string, name: string): Promise<Record<string, unknown>> {
  try {
    const module = (await settled(import(pathToFileURL(path).href))) as Record<string, unknown>;
    const { default: whole } = module;
    // What is read of it may be computed by the function.
    return typeof whole === "object" && whole !== null ? { ...whole, ...module } : module;
  } catch (error) {
    throw explain(error, path, name);
  }
}

/** Wait for a module, but not for ever: where nothing is left to do that could settle what it awaits, Node ends. */
async function settled(importing: Promise<unknown>): Promise<unknown> {
  const { promise: nothingLeft, reject } = Promise.withResolvers<never>();
  const stop = (): void =>
    reject(new LoadError("a top-level await never settles: nothing is left to do that could settle it"));
  process.once("beforeExit", stop);
  try {
    return await Promise.race([importing, nothingLeft]);
  } finally {
    process.off("beforeExit", stop);
  }
}

function explain(error: unknown, path: string, name: string): LoadError {
  if (isInstance(error, LoadError)) return new LoadError(`importing '${name}' failed: ${error.message}`);
  if (isInstance(error, SyntaxError)) {
    const place = locateSyntaxError(error, path);
    if (place === undefined)
      return new LoadError(`importing '${name}' failed: ${describe(error)}`, stackOf(error));
    const hint = hintFor(error.message, place);
    return new LoadError(
      `SyntaxError in ${place.file}, line ${place.line}: ${error.message}${hint}`,
      place.text,
    );
  }
  const code = isInstance(error, Error) && "code" in error ? error.code : undefined;
  const missing =
    code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND" ? missingName(error) : undefined;
  if (missing !== undefined) {
    return new LoadError(
      `the function imports '${missing}', which is not installed beside it;` +
        " put the package into node_modules of its folder, or the module beside the function",
      stackOf(error),
    );
  }
  return new LoadError(`importing '${name}' failed: ${describe(error)}${importHint(error)}`, stackOf(error));
}

/** Compilers and bundlers find `./helper.ts` by `./helper` and `./helper.js`, and take JSON as it is; Node does not. */
function importHint(error: unknown): string {
  try {
    const { code, url = "" } = error as { code?: unknown; url?: string };
    if (code === "ERR_IMPORT_ATTRIBUTE_MISSING") return '; import it `with { type: "json" }`';
    if (code !== "ERR_MODULE_NOT_FOUND") return "";
    const start = fileURLToPath(url).replace(/\.[cm]?js$/, "");
    const found = MODULE_ENDINGS.map((ending) => start + ending).find((each) => existsSync(each));
    return found === undefined ? "" : `; there is ${found}, which is imported with its ending`;
  } catch {
    // Functions may throw anything.
    return "";
  }
}

/** What to write for that of TypeScript which is more than types, by the names that Node has for it. */
const INSTEAD: Readonly<Record<string, string>> = {
  enum: "an object `as const`",
  "namespace declaration": "a module, or an object",
  "parameter property": "a field that the constructor sets",
  "import equals declaration": "`import name from`",
};

/** Types are gone when it is run: what imports one by its name alone finds nothing, and what is no type is refused. */
function hintFor(message: string, { file, text }: SyntaxErrorPlace): string {
  const kind = /^TypeScript (.*) is not supported in strip-only mode$/.exec(message)?.[1];
  if (kind !== undefined)
    return `: nothing but types is taken out; write ${INSTEAD[kind] ?? "JavaScript"} instead`;
  // What UTF-16 looks like, and what is no UTF-8.
  if (/[\0\ufffd]/.test(text)) return "; save the file as UTF-8";
  if (/^Unexpected token 'export'|^Cannot use import statement/.test(message))
    return '; Node reads it as CommonJS: let its name end in .mjs, or write "type": "module" into package.json';
  if (text.trimStart().startsWith("@")) return "; Node has no decorators: call them as functions";
  const [, specifier, name] =
    /^The requested module '(.*)' does not provide an export named '(.*)'$/.exec(message) ?? [];
  if (!/\.m?ts$/.test(file) || specifier === undefined || name === "default") return "";
  const verb = text.trimStart().startsWith("export") ? "export" : "import";
  return `; where ${name} is a type, write \`${verb} { type ${name} } from "${specifier}"\``;
}

/** The package that an error says is missing; undefined where it is a file of the function's own. */
function missingName(error: unknown): string | undefined {
  const found = /^Cannot find (?:package|module) '([^']+)'/.exec((error as Error).message)?.[1];
  return found === undefined || /^(?:[./]|file:)/.test(found) || isBuiltin(found) ? undefined : found;
}

function modificationTime(path: string): string {
  const { mtime } = statSync(path);
  const two = (number: number): string => String(number).padStart(2, "0");
  const date = `${mtime.getFullYear()}-${two(mtime.getMonth() + 1)}-${two(mtime.getDate())}`;
  return `${date} ${two(mtime.getHours())}:${two(mtime.getMinutes())}:${two(mtime.getSeconds())}`;
}
