import type { Redis } from "ioredis";
import { idAfter } from "./ids.ts";

/** What Redis says of a stream. */
export interface StreamInfo {
  /** Entries that are there. */
  readonly length: number;
  /** The id of the newest entry there ever was. */
  readonly newest: string;
  /** The id of the oldest entry that is there. */
  readonly oldest: string | null;
  /** Entries there ever were; null: Redis before 7. */
  readonly added: number | null;
}

/** What Redis says of a group. */
export interface GroupInfo {
  readonly position: string;
  /** Entries up to the position there ever were; null: not known, or Redis before 7. */
  readonly read: number | null;
  /** Entries after the position, dropped ones among them; null: not known, or Redis before 7. */
  readonly lag: number | null;
}

/** @throws Error `ERR no such key` where there is no such stream. */
export async function streamInfo(redis: Redis, key: string): Promise<StreamInfo> {
  const info = pairs((await redis.call("XINFO", "STREAM", key)) as unknown[]);
  const oldest = info.get("first-entry") as [id: string] | null;
  return {
    length: Number(info.get("length")),
    newest: String(info.get("last-generated-id")),
    oldest: oldest?.[0] ?? null,
    added: numberOrNull(info.get("entries-added")),
  };
}

/** @throws Error `ERR no such key` where there is no such stream. */
export async function groupInfo(redis: Redis, key: string, group: string): Promise<GroupInfo | undefined> {
  const groups = (await redis.call("XINFO", "GROUPS", key)) as unknown[][];
  const info = groups.map(pairs).find((each) => each.get("name") === group);
  if (info === undefined) return undefined;
  return {
    position: String(info.get("last-delivered-id")),
    read: numberOrNull(info.get("entries-read")),
    lag: numberOrNull(info.get("lag")),
  };
}

function pairs(list: unknown[]): Map<unknown, unknown> {
  return new Map(list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1]] as const] : [])));
}

function numberOrNull(value: unknown): number | null {
  return value === undefined || value === null ? null : Number(value);
}

/** Whether Redis means that there is no such stream. */
export function isMissing(error: unknown): boolean {
  return /no such key|requires the key to exist/i.test((error as Error).message);
}

/** Whether Redis means that there is no such group, or no such stream. */
export function isGroupMissing(error: unknown): boolean {
  return (error as Error).message.startsWith("NOGROUP");
}

/**
 * Count the entries after one id and up to another.
 *
 * @param until an id, or `+` for the end.
 * @returns null where there are more than `most`.
 */
export async function countBetween(
  redis: Redis,
  key: string,
  after: string,
  until: string,
  most: number,
  sizes: { readonly count: number; saw(events: number, bytes: number): void },
): Promise<number | null> {
  let [count, last] = [0, after];
  for (;;) {
    const asked = sizes.count;
    const entries = await redis.xrangeBuffer(key, idAfter(last), until, "COUNT", asked);
    const bytes = entries.reduce(
      (sum, [, fields]) => sum + fields.reduce((all, { length }) => all + length, 0),
      0,
    );
    sizes.saw(entries.length, bytes);
    count += entries.length;
    if (count > most) return null;
    if (entries.length < asked) return count;
    last = String(entries.at(-1)?.[0]);
  }
}
