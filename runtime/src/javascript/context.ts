import { inspect } from "node:util";
import { isPlainObject, nameOf } from "./values.ts";

/** The fields of a context by their names, but `env` and `last_execution`. */
export type ContextFields = Readonly<Record<string, unknown>>;

const known = new Set(["env", "last_execution"]);

/** What a handler knows about its call, and the `env` it keeps between calls. Every field but `env` is read-only. */
export class Context {
  readonly #fields: ContextFields;
  readonly #lastExecution: number;
  #date: Date | undefined;
  #env: object;

  /**
   * @param fields of names that {@link addFields} was told.
   * @param lastExecution in Unix milliseconds, NaN before the first.
   */
  constructor(fields: ContextFields, lastExecution: number, env: object) {
    this.#fields = fields;
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
    return { ...this.#fields, last_execution, env };
  }

  /** Make fields of these names readable. On the class, not on each context: that takes no time of a call. */
  static addFields(names: readonly string[]): void {
    for (const name of names) {
      if (known.has(name)) continue;
      known.add(name);
      Object.defineProperty(Context.prototype, name, {
        configurable: true,
        enumerable: true,
        get(this: Context) {
          return this.#fields[name];
        },
        set() {
          throw readOnly(name);
        },
      });
    }
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
