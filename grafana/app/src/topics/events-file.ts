import { parseExactly } from "../api/exact-json";

/** What each element of a file is: the event itself, or an object that has it with a key and headers. */
export type FileShape = "value" | "event";

/** An event of a file. */
export interface FileEvent {
  readonly value: unknown;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A name that the file gives it. */
  readonly id?: string;
}

/** A file as it was read: its events, or what is wrong with it, by line. */
export interface ReadFile {
  readonly events: readonly FileEvent[];
  readonly problems: readonly string[];
}

/** A value, and where in the file it is. */
interface Placed {
  readonly place: string;
  readonly value: unknown;
}

const MOST_KEY_CHARACTERS = 1_024;

/**
 * Read a file of events: one JSON value on each line, or one array of them.
 *
 * @param keyField a field of each event whose value is the key; empty: there is none.
 */
export function readEvents(text: string, shape: FileShape, keyField = ""): ReadFile {
  const { values, problems } = valuesOf(text.replace(/^\uFEFF/, ""));
  const events: FileEvent[] = [];
  const found = [...problems];
  for (const { place, value } of values) {
    const event = shape === "event" ? eventOf(value) : { value, ...keyOf(value, keyField) };
    if (typeof event === "string") found.push(`${place}: ${event}`);
    else events.push(event);
  }
  if (values.length === 0 && found.length === 0) found.push("The file has no event.");
  return { events: found.length === 0 ? events : [], problems: found };
}

function valuesOf(text: string): { values: Placed[]; problems: string[] } {
  if (text.trim() === "") return { values: [], problems: [] };
  let whole: unknown;
  try {
    whole = parseExactly(text);
  } catch (error) {
    const first = text.trimStart();
    // Lines may be arrays too: then the first one is whole.
    if (!first.startsWith("[") || isJson(first.split("\n", 1)[0] ?? "")) return linesOf(text);
    return { values: [], problems: [problemOf(error as Error, text)] };
  }
  const values = Array.isArray(whole) ? (whole as unknown[]) : [whole];
  return { values: values.map((value, index) => ({ place: `event ${index + 1}`, value })), problems: [] };
}

function linesOf(text: string): { values: Placed[]; problems: string[] } {
  const values: Placed[] = [];
  const problems: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const place = `line ${index + 1}`;
    try {
      values.push({ place, value: parseExactly(line) });
    } catch (error) {
      problems.push(`${place}: ${withoutPlace((error as Error).message)}`);
    }
  }
  return { values, problems };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What is wrong with an array; browsers say the place as a line, as a position, or not at all. */
function problemOf({ message }: Error, text: string): string {
  const line = /line (\d+)/.exec(message)?.[1];
  const position = /position (\d+)/.exec(message)?.[1];
  const place = line ?? (position === undefined ? undefined : lineAt(text, Number(position)));
  return `${place === undefined ? "" : `line ${place}: `}${withoutPlace(message)}`;
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split("\n").length;
}

function withoutPlace(message: string): string {
  return message
    .replace(/^JSON\.parse: /, "")
    .replace(/ (?:in JSON )?at (?:position|line) \d+.*$/, "")
    .replace(/ in JSON$/, "");
}

/** @returns what is wrong, as text. */
function eventOf(given: unknown): FileEvent | string {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    return "expected an object with value, and key and headers if need be";
  }
  const { value, key, headers, id, ...others } = given as Record<string, unknown>;
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) return `there is no field ${unknown}: expected value, key, headers and id`;
  if (value === undefined) return "value is missing";
  if (key !== undefined && !isKey(key))
    return `key: expected a text of 1 to ${MOST_KEY_CHARACTERS} characters`;
  if (headers !== undefined && !isHeaders(headers)) return "headers: expected an object of texts";
  if (id !== undefined && (typeof id !== "string" || id === "")) return "id: expected a text";
  return {
    value,
    ...(key === undefined ? {} : { key }),
    ...(headers === undefined ? {} : { headers }),
    ...(id === undefined ? {} : { id }),
  };
}

function isKey(key: unknown): key is string {
  return typeof key === "string" && key !== "" && key.length <= MOST_KEY_CHARACTERS;
}

function isHeaders(headers: unknown): headers is Record<string, string> {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) return false;
  return Object.values(headers).every((value) => typeof value === "string");
}

/** The key of an event by one of its fields; what is no text is written as JSON. */
function keyOf(value: unknown, field: string): { key?: string } {
  if (field === "" || typeof value !== "object" || value === null) return {};
  const found = (value as Record<string, unknown>)[field];
  if (found === undefined || found === null || found === "") return {};
  return { key: typeof found === "string" ? found : JSON.stringify(found) };
}
