import { readFile } from "node:fs/promises";
import { load, YAMLException } from "js-yaml";
import type { z } from "zod";
import { fieldsAt, nearest } from "./misspelling.ts";

/** The configuration is wrong. The message names the file and what to change; it needs no stack trace. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/**
 * Read a YAML file. An empty file gives null.
 *
 * @throws ConfigurationError that names the file, and the line where the YAML is broken.
 */
export async function readYaml(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new ConfigurationError(`${file}: cannot be read: ${(error as Error).message}`, { cause: error });
  }
  // js-yaml takes a file of nothing but blanks and comments for a mistake.
  if (text.replace(/^\s*#.*$/gm, "").trim() === "") return null;
  try {
    return load(text, { filename: file }) ?? null;
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line =
      error.mark === undefined || error.mark === null
        ? ""
        : `:${error.mark.line + 1}:${error.mark.column + 1}`;
    throw new ConfigurationError(`${file}${line}: not valid YAML: ${error.reason}`, { cause: error });
  }
}

/**
 * Check a value against a schema.
 *
 * @param where what the value came from, for the message: a file name, or "environment".
 * @throws ConfigurationError with one line per problem: where, path, what was expected and what was found, but for
 *   fields that by their names hold secrets.
 */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { issues } = result.error;
  const misspelt = issues.flatMap((issue) => misspellingsOf(issue, schema));
  const lines = issues
    .filter((issue) => !misspelt.some((misspelling) => isExplainedBy(misspelling, issue, value)))
    .map((issue) => {
      const path = formatPath(issue.path);
      const at = `${where}: ${path === "" ? "" : `${path}: `}`;
      const unknown = unknownKeys(issue);
      return unknown.length > 0
        ? `${at}${describeUnknown(unknown, misspellingsOf(issue, schema))}`
        : `${at}${issue.message} (found ${describeFound(valueAt(value, issue.path), issue.path)})`;
    });
  throw new ConfigurationError(lines.join("\n"));
}

/** A field that is not known, and the one that was probably meant. */
interface Misspelling {
  readonly path: readonly PropertyKey[];
  readonly meant: string;
}

/** Names of fields that are not known. Schemas that choose between others hand on the message alone. */
function unknownKeys(issue: z.core.$ZodIssue): string[] {
  if (issue.code === "unrecognized_keys") return issue.keys;
  const [, quoted] = /^Unrecognized keys?: (".*")$/.exec(issue.message) ?? [];
  return quoted === undefined ? [] : (JSON.parse(`[${quoted}]`) as string[]);
}

function misspellingsOf(issue: z.core.$ZodIssue, schema: z.ZodType): Misspelling[] {
  const known = fieldsAt(schema, issue.path);
  return unknownKeys(issue).flatMap((key) => {
    const meant = nearest(key, known);
    return meant === undefined ? [] : [{ path: issue.path, meant }];
  });
}

/** Whether a problem is only that the field which is misspelt is missing. */
function isExplainedBy({ path, meant }: Misspelling, issue: z.core.$ZodIssue, value: unknown): boolean {
  const at = JSON.stringify(issue.path);
  // What is wrong with the whole is mostly that it lacks the field.
  if (issue.code === "custom" && at === JSON.stringify(path)) return true;
  return at === JSON.stringify([...path, meant]) && valueAt(value, issue.path) === undefined;
}

function describeUnknown(keys: readonly string[], misspellings: readonly Misspelling[]): string {
  const quoted = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(", ");
  const meant = misspellings.map((misspelling) => misspelling.meant);
  const question = meant.length === 0 ? "" : `; did you mean ${quoted(meant)}?`;
  return `unknown field${keys.length === 1 ? "" : "s"} ${quoted(keys)}${question}`;
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === "number" ? `${text}[${part}]` : `${text}${text === "" ? "" : "."}${String(part)}`,
    "",
  );
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, part) =>
      inner === null || typeof inner !== "object" ? undefined : (inner as Record<PropertyKey, unknown>)[part],
    value,
  );
}

/** Fields that hold secrets; one that ends in `File` names a place where a secret is. */
const SECRET = /(password|passwd|secret|token|authorization|cookie|api-?key)(?!.*file$)/i;

function describeFound(value: unknown, path: readonly PropertyKey[]): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (path.some((part) => SECRET.test(String(part)))) return `a ${typeof value}, which is not shown`;
  const withoutSecrets = (name: string, inner: unknown): unknown => (SECRET.test(name) ? "…" : inner);
  const text = JSON.stringify(value, withoutSecrets) ?? typeof value;
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
