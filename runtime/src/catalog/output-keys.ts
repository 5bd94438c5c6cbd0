import { and, eq, isNotNull, isNull, ne, sql } from "drizzle-orm";
import { outputKeyIn } from "../configuration/manifest.ts";
import type { Transaction } from "../database/database.ts";
import { functions, versions } from "../database/schema.ts";
import type { CatalogParts } from "./parts.ts";

/** Placeholders stand for any text. */
const PLACEHOLDER = /:?\{node\}|\{shard\}/;

/**
 * Whether two output keys may be one in some shard, or on some node. Says so of some that are never, where
 * placeholders stand in the middle of both.
 */
export function mayBeOne(one: string, other: string): boolean {
  const [a, b] = [partsOf(one), partsOf(other)];
  if (!a.isPattern && !b.isPattern) return one === other;
  if (a.isPattern && b.isPattern) {
    const isBeginning = a.begin.startsWith(b.begin) || b.begin.startsWith(a.begin);
    return isBeginning && (a.end.endsWith(b.end) || b.end.endsWith(a.end));
  }
  const [pattern, text] = a.isPattern ? [a, other] : [b, one];
  return (
    text.length >= pattern.begin.length + pattern.end.length &&
    text.startsWith(pattern.begin) &&
    text.endsWith(pattern.end)
  );
}

/** The function of the catalog whose output key may be this one; undefined: there is none. */
export async function ownerOfKey(tx: Transaction, key: string, but: string): Promise<string | undefined> {
  const others = await tx
    .select({ name: functions.name, outputKey: functions.outputKey })
    .from(functions)
    .where(and(isNotNull(functions.outputKey), isNull(functions.deletedAt), ne(functions.name, but)));
  return others.find(({ outputKey }) => outputKey !== null && mayBeOne(outputKey, key))?.name;
}

/** The output keys that versions of a function had, but for those that may be another's by now. */
export async function keysOfVersions(
  tx: Transaction,
  { functions: sources }: Pick<CatalogParts, "functions">,
  name: string,
): Promise<string[]> {
  const rows = await tx
    .selectDistinct({
      key: sql<string | null>`${versions.manifest} -> 'output' ->> 'key'`,
      state: sql<string | null>`${versions.manifest} ->> 'state'`,
    })
    .from(versions)
    .where(eq(versions.function, name));
  const free: string[] = [];
  for (const { key, state } of rows) {
    const output = key === null ? {} : { key };
    const outputKey = outputKeyIn({ name, state: state === "partition" ? "partition" : "none", output });
    const isOthers =
      sources.ofFile.some((other) => mayBeOne(other.outputKey, outputKey)) ||
      (await ownerOfKey(tx, outputKey, name)) !== undefined;
    if (!isOthers) free.push(outputKey);
  }
  return [...new Set(free)];
}

/** The topics that versions of a function read. */
export async function topicsOfVersions(tx: Transaction, name: string): Promise<string[]> {
  const topic = sql<string>`jsonb_path_query(${versions.manifest}, '$.triggers[*].topic') #>> '{}'`;
  const rows = await tx.selectDistinct({ topic }).from(versions).where(eq(versions.function, name));
  return rows.map((row) => row.topic);
}

function partsOf(key: string): { begin: string; end: string; isPattern: boolean } {
  const parts = key.split(PLACEHOLDER);
  return { begin: parts[0] ?? "", end: parts.at(-1) ?? "", isPattern: parts.length > 1 };
}
