import type { z } from "zod";

/** The word that was probably meant; undefined where none is near. Case does not matter. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of words) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance >= least) continue;
    [best, least] = [candidate, distance];
  }
  return best;
}

/** How many letters have to be put in, left out, changed, or swapped with the next one to make one word the other. */
function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= from.length; row++) {
    rows.push([row]);
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      rows[row]?.push(
        Math.min(
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          at(row - 1, column - 1) + (isSame ? 0 : 1),
          isSwapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
  }
  return at(from.length, to.length);
}

/** Names of the fields that a schema knows at a place in its value. */
export function fieldsAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): string[] {
  let there = containersOf(schema);
  for (const part of path) there = there.flatMap((container) => containersOf(partOf(container, part)));
  return there.flatMap(({ _zod: { def } }) => (def.type === "object" ? Object.keys(shapeOf(def)) : []));
}

/** The schemas of objects, lists and records that a schema stands for. */
function containersOf(schema: z.core.$ZodType | undefined): z.core.$ZodType[] {
  if (schema === undefined) return [];
  const def = schema._zod.def as z.core.$ZodTypeDef & {
    readonly innerType?: z.core.$ZodType;
    readonly options?: readonly z.core.$ZodType[];
    readonly in?: z.core.$ZodType;
    readonly out?: z.core.$ZodType;
  };
  if (["object", "array", "record"].includes(def.type)) return [schema];
  return [def.innerType, ...(def.options ?? []), def.in, def.out].flatMap(containersOf);
}

function partOf({ _zod: { def } }: z.core.$ZodType, part: PropertyKey): z.core.$ZodType | undefined {
  const { element, valueType } = def as { element?: z.core.$ZodType; valueType?: z.core.$ZodType };
  return def.type === "object" ? shapeOf(def)[String(part)] : (element ?? valueType);
}

function shapeOf(def: z.core.$ZodTypeDef): Readonly<Record<string, z.core.$ZodType>> {
  return (def as z.core.$ZodObjectDef).shape;
}
