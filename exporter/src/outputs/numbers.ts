import { MAX_NAME_LENGTH, type OnDrop } from "../drops.ts";

const MAX_DEPTH = 16;

/**
 * The numbers in an output, each with its dotted path (`disk.0.used`). Booleans are 0 and 1. Strings and nulls
 * are left out: they are normal. What cannot become a series is dropped.
 */
export function* numbersIn(
  value: object,
  drop: OnDrop,
  prefix = "",
  depth = 1,
): Generator<readonly [path: string, number: number]> {
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === "string" || inner === null) continue;
    const path = prefix + name;
    if (path.length > MAX_NAME_LENGTH) drop("name_too_long");
    else if (typeof inner === "object") {
      if (depth === MAX_DEPTH) drop("too_deep");
      else yield* numbersIn(inner as object, drop, `${path}.`, depth + 1);
    } else if (!Number.isFinite(Number(inner))) drop("not_finite");
    // A lone surrogate cannot be written as UTF-8.
    else yield [path.toWellFormed(), Number(inner)];
  }
}
