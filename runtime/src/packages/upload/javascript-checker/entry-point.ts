import { posix } from "node:path";
import { MODULE_ENDINGS } from "../../../javascript/module-endings.ts";
import type { ParsedModule } from "./parsing.ts";

const MAX_NAMES = 10;
const MAX_DEPTH = 20;

type Modules = ReadonlyMap<string, ParsedModule | undefined>;

/**
 * Look for the entry point, as far as that can be done without running the code.
 *
 * @param modules undefined for those that have an error.
 * @returns what is missing, and where; undefined where it is there or may be there.
 */
export function checkEntryPoint(
  handler: string,
  modules: Modules,
): { readonly file: string; readonly message: string } | undefined {
  const dot = handler.lastIndexOf(".");
  const [name, attribute] = [handler.slice(0, dot), handler.slice(dot + 1)];
  const file = fileOfEntryPoint(handler, modules);
  if (file === undefined) return { file: "", message: noModule(name, attribute, [...modules.keys()]) };
  if (modules.get(file) === undefined || mayExport(attribute, file, modules, 0)) return undefined;
  const names = modules.get(file)?.names ?? [];
  const has = names.length > 0 ? `it exports ${some(names)}` : "it exports nothing";
  return {
    file,
    message: `there is no '${attribute}'; ${has}: define \`export function ${attribute}(input, context)\` or choose another entry point`,
  };
}

/** The file of the entry point's module; undefined where it is not there. */
export function fileOfEntryPoint(handler: string, modules: Modules): string | undefined {
  const start = handler.slice(0, handler.lastIndexOf(".")).replaceAll(".", "/");
  return MODULE_ENDINGS.map((ending) => start + ending).find((each) => modules.has(each));
}

function mayExport(attribute: string, file: string, modules: Modules, depth: number): boolean {
  const module = modules.get(file);
  if (module === undefined || depth > MAX_DEPTH) return true;
  if (module.names.includes(attribute)) return true;
  // An object that is exported as a whole may have it, but then its name is somewhere.
  if (module.isOpen && new RegExp(`(?<![\\w$])${attribute}(?![\\w$])`).test(module.source)) return true;
  return module.stars.some((specifier) => {
    // What an installed package exports is not looked into.
    if (!/^\.{1,2}\//.test(specifier)) return true;
    const target = posix.join(posix.dirname(file), specifier);
    return !modules.has(target) || mayExport(attribute, target, modules, depth + 1);
  });
}

function noModule(name: string, attribute: string, files: readonly string[]): string {
  const modules = files
    .filter((file) => MODULE_ENDINGS.includes(posix.extname(file)))
    .map((file) => file.slice(0, -posix.extname(file).length).replaceAll("/", "."));
  const none = `there is no module '${name}'`;
  if (modules.length === 0) return `${none}: no file in the package ends in ${MODULE_ENDINGS.join(", ")}`;
  const inside = modules.find((each) => each.endsWith(`.${name}`));
  const hint = inside === undefined ? "" : `; the entry point is perhaps ${inside}.${attribute}`;
  return `${none}; the package has ${some(modules)}${hint}`;
}

function some(names: readonly string[]): string {
  return names.slice(0, MAX_NAMES).join(", ") + (names.length > MAX_NAMES ? ", …" : "");
}
