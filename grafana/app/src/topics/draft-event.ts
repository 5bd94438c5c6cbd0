import { parseExactly } from "../api/exact-json";
import type { NewestEvent } from "../api/types";

/** An event as it is being written: all of it text. */
export interface DraftEvent {
  /** JSON. */
  readonly text: string;
  readonly key: string;
  readonly headers: readonly DraftHeader[];
}

export interface DraftHeader {
  readonly name: string;
  readonly value: string;
}

/** Headers that begin so are the runtime's own: an event of its own name is another event. */
const OWN_HEADER = /^gaugelet-/i;

/** An event to begin another one with. */
export function draftLike({
  value,
  key,
  headers,
}: Pick<NewestEvent, "value" | "key" | "headers">): DraftEvent {
  return {
    text: JSON.stringify(value, null, 2),
    key: key ?? "",
    headers: Object.entries(headers)
      .filter(([name]) => !OWN_HEADER.test(name))
      .map(([name, text]) => ({ name, value: text })),
  };
}

/** A field of an event that is a flat object, with its value as it is written in a form. */
export interface FormField {
  readonly name: string;
  readonly kind: "text" | "number" | "boolean" | "null";
  readonly text: string;
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** What is wrong with a text that is to be JSON; undefined: nothing. */
export function problemOfEvent(text: string): string | undefined {
  if (text.trim() === "") return "Write an event: any JSON, an object as a rule.";
  try {
    parseExactly(text);
    return undefined;
  } catch (error) {
    return `No JSON: ${(error as Error).message}`;
  }
}

/** What is wrong with headers; undefined: nothing. */
export function problemOfHeaders(headers: readonly DraftHeader[]): string | undefined {
  const names = headers.map(({ name }) => name);
  if (names.includes("")) return "Name each header, or take it out.";
  if (names.some((name) => OWN_HEADER.test(name))) {
    return "Names that begin with gaugelet- are taken.";
  }
  return new Set(names).size < names.length ? "Two headers have the same name." : undefined;
}

/** The fields of an event for a form; undefined: it is no flat object, or has no field. */
export function formFieldsOf(text: string): FormField[] | undefined {
  let value: unknown;
  try {
    value = parseExactly(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const fields = Object.entries(value).map(([name, each]) => formFieldOf(name, each));
  if (fields.length === 0 || fields.includes(undefined)) return undefined;
  return fields as FormField[];
}

function formFieldOf(name: string, value: unknown): FormField | undefined {
  if (typeof value === "string") return { name, kind: "text", text: value };
  if (value === null) return { name, kind: "null", text: "" };
  const text = JSON.stringify(value);
  if (typeof value === "boolean") return { name, kind: "boolean", text };
  // Long integers are objects that are written as numbers.
  return NUMBER.test(text) ? { name, kind: "number", text } : undefined;
}

/** What is wrong with a field; undefined: nothing. */
export function problemOfField({ kind, text }: FormField): string | undefined {
  return kind === "number" && !NUMBER.test(text.trim()) ? "Write a number, such as 12.5." : undefined;
}

/** The event that a form says; no JSON while a number is none. */
export function textOfForm(fields: readonly FormField[]): string {
  const lines = fields.map((field) => `  ${JSON.stringify(field.name)}: ${jsonOf(field)}`);
  return `{\n${lines.join(",\n")}\n}`;
}

function jsonOf({ kind, text }: FormField): string {
  if (kind === "number") return text.trim();
  if (kind === "boolean") return text;
  return kind === "null" && text === "" ? "null" : JSON.stringify(text);
}

/** What the API is sent of an event. */
export function eventBody({ text, key, headers }: DraftEvent): Record<string, unknown> {
  return {
    value: parseExactly(text),
    ...(key === "" ? {} : { key }),
    ...(headers.length === 0
      ? {}
      : { headers: Object.fromEntries(headers.map(({ name, value }) => [name, value])) }),
  };
}
