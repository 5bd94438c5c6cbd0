import { topicKey } from "@gaugelet/shared/keys";
import type { Redis } from "ioredis";
import type { TopicLag } from "../topics.ts";
import { BatchSize } from "./batch-size.ts";
import { compareIds } from "./ids.ts";
import { countBetween, groupInfo, isMissing, streamInfo } from "./stream-info.ts";

/** Where Redis knows no lag we count this far; the rest is estimated by time. */
const MOST_COUNTED = 1_000;

/** How far a group is behind in a topic; undefined: there is no such topic. */
export async function lagOf(redis: Redis, topic: string, group: string): Promise<TopicLag | undefined> {
  const key = topicKey(topic);
  try {
    const [info, length] = await Promise.all([groupInfo(redis, key, group), redis.xlen(key)]);
    if (info === undefined) return { topic, events: length, dropped: 0 };
    const { lag, position } = info;
    if (lag === null) return { topic, events: await estimate(redis, key, position), dropped: 0 };
    // Redis counts all that were published after the position, whether they are still there or not.
    return { topic, events: Math.min(lag, length), dropped: Math.max(0, lag - length) };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function estimate(redis: Redis, key: string, position: string): Promise<number> {
  const { length, newest, oldest } = await streamInfo(redis, key);
  if (oldest === null || compareIds(position, newest) >= 0) return 0;
  if (compareIds(position, oldest) < 0) return length;
  const counted = await countBetween(redis, key, position, "+", MOST_COUNTED, new BatchSize());
  if (counted !== null) return counted;
  const [first, last, at] = [oldest, newest, position].map((id) => Number.parseInt(id, 10)) as [
    number,
    number,
    number,
  ];
  const share = last === first ? 1 : (last - at) / (last - first);
  return Math.max(MOST_COUNTED, Math.round(share * length));
}
