/** Whether a value is an object as `{…}` makes it, of whatever realm. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What a value is, for a message: `an array`, `a string`, `an instance of Map`. */
export function nameOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "function") return isClass(value) ? "a class" : "a function";
  if (typeof value !== "object") return `a ${typeof value}`;
  if (isPlainObject(value)) return "an object";
  return `an instance of ${classNameOf(value) ?? "an unnamed class"}`;
}

/** The name of an object's class, or of its kind where it has no class, as generators; undefined: it has neither. */
export function classNameOf(value: object): string | undefined {
  try {
    const { name } = value.constructor;
    if (typeof name === "string" && name !== "") return name;
    const kind: unknown = (value as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
    return typeof kind === "string" && kind !== "" ? kind : undefined;
  } catch {
    return undefined;
  }
}

/** Text of at most so many characters. */
export function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}… (cut)`;
}

/** Whether what was thrown is an instance of a class. Looking at a proxy may throw: then it is none. */
export function isInstance<Instance>(
  thrown: unknown,
  class_: abstract new (...args: never[]) => Instance,
): thrown is Instance {
  try {
    return thrown instanceof class_;
  } catch {
    return false;
  }
}

/** Whether a function is one that needs `new`. */
export function isClass(value: object): boolean {
  return Function.prototype.toString.call(value).startsWith("class");
}
