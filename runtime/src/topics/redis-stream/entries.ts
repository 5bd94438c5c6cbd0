import type { Headers, TopicEvent } from "../topics.ts";

/** An entry of a stream as Redis gives it: its id, then names and values of its fields in turn. */
export type StreamEntry = [id: Buffer, fields: Buffer[]];

const NO_HEADERS: Headers = Object.freeze({});

/** What an entry of a stream is as an event. */
export function eventOf([id, fields]: StreamEntry): TopicEvent {
  const position = id.toString("latin1");
  const timestamp = Number.parseInt(position, 10);
  const [name, value] = fields;
  // By far most entries have this field alone.
  if (fields.length === 2 && name !== undefined && value !== undefined && isEventField(name)) {
    return { body: value, key: null, headers: NO_HEADERS, position, timestamp };
  }
  return { ...bodyOf(fields), position, timestamp };
}

/**
 * Empty a list of entries whose events were made. ioredis assigns a function to a property of each command, and V8
 * counts such functions as old from the first: the command and its reply stay until it looks at all of its memory, and
 * so would every entry, to be copied twice and become old as well.
 */
export function empty(entries: StreamEntry[]): void {
  entries.length = 0;
}

function isEventField(name: Buffer): boolean {
  return name.length === 5 && name[0] === 0x65 && name.toString("latin1") === "event";
}

function bodyOf(fields: readonly Buffer[]): Pick<TopicEvent, "body" | "key" | "headers"> {
  const named = new Map<string, Buffer>();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    named.set(String(fields[at]), fields[at + 1] ?? Buffer.alloc(0));
  }
  const body = named.get("event");
  // Another program's way to put an event into a stream.
  if (body === undefined) {
    const texts = Object.fromEntries([...named].map(([name, value]) => [name, value.toString()]));
    return { body: Buffer.from(JSON.stringify(texts)), key: null, headers: NO_HEADERS };
  }
  return { body, key: named.get("key") ?? null, headers: headersOf(named.get("headers")) };
}

/** A stream is open to every program: what is no JSON object of texts is no headers. */
function headersOf(json: Buffer | undefined): Headers {
  if (json === undefined) return NO_HEADERS;
  try {
    const value: unknown = JSON.parse(json.toString());
    if (typeof value !== "object" || value === null || Array.isArray(value)) return NO_HEADERS;
    return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
  } catch {
    return NO_HEADERS;
  }
}
