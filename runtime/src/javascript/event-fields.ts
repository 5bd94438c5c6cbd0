/** What `context` says of an event alone, and of one that has it not; names as handlers write them. */
export const EVENT_FIELDS = [
  "input_key",
  "topic",
  "partition",
  "offset",
  "key",
  "timestamp",
  "attempt",
  "event_id",
  "headers",
  "events",
] as const;
export type EventField = (typeof EVENT_FIELDS)[number];

type Fields = Record<EventField, unknown>;

/** The fields of one event, read from the head of its call once a handler asks for one. */
export class EventFields {
  readonly #head: string;
  #fields: Fields | undefined;

  /** @param head as it came; "" where the event has nothing of its own. */
  constructor(head: string) {
    this.#head = head;
  }

  get(name: EventField): unknown {
    return this.all[name];
  }

  get all(): Readonly<Fields> {
    this.#fields ??= fieldsOf(this.#head);
    return this.#fields;
  }
}

function fieldsOf(head: string): Fields {
  const own = head === "" ? {} : snakeCased(JSON.parse(head) as object);
  const fields: Fields = {
    input_key: null,
    topic: null,
    partition: null,
    offset: null,
    key: null,
    timestamp: null,
    attempt: 1,
    event_id: null,
    headers: {},
    events: null,
    ...own,
  };
  const { topic, partition, offset } = fields;
  // The next call may have the same ones.
  Object.freeze(fields.headers);
  if (topic === null) return fields;
  const idOf = (at: unknown): string => [topic, partition, at].map(String).join("/");
  fields.event_id ??= idOf(offset);
  if (Array.isArray(fields.events)) {
    fields.events = fields.events.map((event: object) => {
      const named: Record<string, unknown> = { key: null, headers: {}, ...snakeCased(event) };
      Object.freeze(named.headers);
      return Object.freeze({ ...named, event_id: named.event_id ?? idOf(named.offset) });
    });
    Object.freeze(fields.events);
  }
  return fields;
}

function snakeCased(head: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(head).map(([name, value]) => [snakeCase(name), value]));
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
