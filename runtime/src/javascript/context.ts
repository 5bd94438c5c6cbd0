import { inspect } from "node:util";
import { EVENT_FIELDS, type EventFields } from "./event-fields.ts";
import { isPlainObject, nameOf } from "./values.ts";

/** The fields that all contexts of a shard have, by their names. */
export type ContextFields = Readonly<Record<string, unknown>>;

const known = new Set(["env", "last_execution"]);

/** What a handler knows about its call, and the `env` it keeps between calls. Every field but `env` is read-only. */
export class Context {
  readonly #fields: ContextFields;
  readonly #event: EventFields;
  readonly #lastExecution: number;
  #date: Date | undefined;
  #env: object;

  /**
   * @param fields of names that {@link addFields} was told.
   * @param event what only this event has.
   * @param lastExecution in Unix milliseconds, NaN before the first.
   */
  constructor(fields: ContextFields, event: EventFields, lastExecution: number, env: object) {
    this.#fields = fields;
    this.#event = event;
    this.#lastExecution = lastExecution;
    this.#env = env;
  }

  /** The object kept between calls: the same live one while the worker lives. */
  get env(): object {
    return this.#env;
  }

  set env(value: unknown) {
    if (!isPlainObject(value)) throw new TypeError(`context.env must be an object, not ${nameOf(value)}`);
    this.#env = value;
  }

  /** When the last output was stored. */
  get last_execution(): Date | null {
    if (Number.isNaN(this.#lastExecution)) return null;
    this.#date ??= new Date(this.#lastExecution);
    return this.#date;
  }

  set last_execution(_value: unknown) {
    throw readOnly("last_execution");
  }

  [inspect.custom](): object {
    const { last_execution, env } = this;
    const { input_key, ...ofTopic } = this.#event.all;
    return {
      ...this.#fields,
      input_key,
      ...(ofTopic.topic === null ? {} : ofTopic),
      last_execution,
      env,
    };
  }

  /** Make fields of these names readable. On the class, not on each context: that takes no time of a call. */
  static addFields(names: readonly string[]): void {
    for (const name of names) Context.#define(name, (context) => context.#fields[name]);
  }

  static #define(name: string, read: (context: Context) => unknown): void {
    if (known.has(name)) return;
    known.add(name);
    Object.defineProperty(Context.prototype, name, {
      configurable: true,
      enumerable: true,
      get(this: Context) {
        return read(this);
      },
      set() {
        throw readOnly(name);
      },
    });
  }

  static {
    for (const name of EVENT_FIELDS) Context.#define(name, (context) => context.#event.get(name));
  }
}

// Reached only by names that no context has. Code that is not strict would otherwise not hear of a misspelt field.
Object.setPrototypeOf(
  Context.prototype,
  new Proxy(
    {},
    {
      set(_target, name) {
        const field = String(name);
        throw new TypeError(
          `context has no field '${field}' to set; keep values of your own in context.env['${field}']`,
        );
      },
    },
  ),
);

function readOnly(name: string): TypeError {
  return new TypeError(`context.${name} is read-only`);
}
