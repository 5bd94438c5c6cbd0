/**
 * A program that looks through modules of JavaScript and TypeScript without running them. Standard input and
 * output are those of the check of Python, see runtime/python/gaugelet_worker/checking.
 */
import { readFileSync, writeSync } from "node:fs";
import { checkEntryPoint, fileOfEntryPoint } from "./entry-point.ts";
import { missingImports } from "./imports.ts";
import { kindsOfFolders } from "./module-kinds.ts";
import { type ParsedModule, parseModule, SyntaxFault } from "./parsing.ts";

const MAX_MESSAGE_CHARACTERS = 500;
const MAX_WARNINGS = 100;

const input = readFileSync(0);
const headEnd = input.indexOf("\n");
const head = JSON.parse(input.toString("utf8", 0, headEnd)) as {
  readonly handler: string | null;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** Of all files of the package, where there is an entry point. */
  readonly names?: readonly string[];
};
const sources = new Map<string, string>();
let offset = headEnd + 1;
for (const { path, bytes } of head.files) {
  sources.set(path, input.toString("utf8", offset, offset + bytes));
  offset += bytes;
}

const kindOf = kindsOfFolders(sources, (file, message) => tell(new SyntaxFault(message, null, null), file));
/** Undefined: the module has an error. */
const modules = new Map<string, ParsedModule | undefined>();
for (const [path, source] of sources) {
  if (path.endsWith("package.json")) continue;
  say({ checking: path });
  try {
    modules.set(path, parseModule(path, source, kindOf(path)));
  } catch (error) {
    modules.set(path, undefined);
    tell(error, path);
  }
}
if (head.handler !== null) {
  const missing = checkEntryPoint(head.handler, modules);
  if (missing !== undefined) sayError(missing.file, null, null, missing.message, "entry-point");
  say({ warnings: true });
  const entry = fileOfEntryPoint(head.handler, modules) ?? "";
  const imports = missingImports(entry, modules, head.names ?? [], sources.get("package.json"));
  for (const { file, line, column, message } of imports.slice(0, MAX_WARNINGS)) {
    sayFinding("warning", file, line, column, message, "missing-import");
  }
}
say({ done: true });

function tell(error: unknown, file: string): void {
  if (error instanceof SyntaxFault) sayError(file, error.line, error.column, error.message, "SyntaxError");
  else if (error instanceof RangeError) {
    sayError(file, null, null, "it is nested too deeply for Node to parse it", "SyntaxError");
  } else throw error;
}

function sayError(...about: [string, number | null, number | null, string, string]): void {
  sayFinding("error", ...about);
}

function sayFinding(
  severity: "error" | "warning",
  file: string,
  line: number | null,
  column: number | null,
  message: string,
  rule: string,
): void {
  const cut =
    message.length > MAX_MESSAGE_CHARACTERS ? `${message.slice(0, MAX_MESSAGE_CHARACTERS)}… (cut)` : message;
  say({ finding: { severity, file, line, column, message: cut, rule } });
}

/** At once, so that it stays said where this process is ended. */
function say(what: object): void {
  const bytes = Buffer.from(`${JSON.stringify(what)}\n`);
  for (let sent = 0; sent < bytes.length; ) sent += writeSync(1, bytes, sent);
}
