/** Part of a document: an object or a list, whose parts have names or numbers. */
export type Container = Readonly<Record<string, unknown>> | readonly unknown[];

export function isContainer(value: unknown): value is Container {
  return typeof value === "object" && value !== null;
}

export function isList(container: Container): container is readonly unknown[] {
  return Array.isArray(container);
}

/**
 * What is at a dotted path; undefined where nothing is. Names may have dots in them themselves: `a.b.c` is also
 * found in `{"a.b": {"c": 1}}`.
 */
export function lookUp(container: Container, path: string): unknown {
  if (Object.hasOwn(container, path)) return (container as Record<string, unknown>)[path];
  for (let dot = path.indexOf("."); dot !== -1; dot = path.indexOf(".", dot + 1)) {
    const name = path.slice(0, dot);
    if (!Object.hasOwn(container, name)) continue;
    const inner = (container as Record<string, unknown>)[name];
    const found = isContainer(inner) ? lookUp(inner, path.slice(dot + 1)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
