import { readFile } from "node:fs/promises";
import { load, YAMLException } from "js-yaml";
import type { z } from "zod";

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
 * @throws ConfigurationError with one line per problem: where, path, what was expected and what was found.
 */
export function validate<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => {
    const path = formatPath(issue.path);
    const unknown = /^Unrecognized key(s?): (.*)$/.exec(issue.message);
    if (unknown !== null)
      return `${where}: ${path === "" ? "" : `${path}: `}unknown field${unknown[1]} ${unknown[2]}`;
    const found = describeFound(valueAt(value, issue.path));
    return `${where}: ${path === "" ? "" : `${path}: `}${issue.message} (found ${found})`;
  });
  throw new ConfigurationError(lines.join("\n"));
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

function describeFound(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  const text = JSON.stringify(value) ?? typeof value;
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
