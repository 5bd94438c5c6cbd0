import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import type { Headers, NewEvent, Topics } from "../topics/topics.ts";

const AT_ONCE = 500;

/**
 * Publish each line that is not empty, in order.
 *
 * @returns how many.
 */
export async function publishLines(
  topics: Topics,
  topic: string,
  lines: Readable | readonly string[],
  key: string | null,
  headers: Headers,
): Promise<number> {
  let count = 0;
  let waiting: NewEvent[] = [];
  const publish = async (): Promise<void> => {
    if (waiting.length === 0) return;
    await topics.publish(topic, waiting);
    count += waiting.length;
    waiting = [];
  };
  const source = lines instanceof Readable ? createInterface({ input: lines }) : lines;
  for await (const line of source) {
    if (line.trim() === "") continue;
    waiting.push({ body: Buffer.from(line), key: key === null ? null : Buffer.from(key), headers });
    if (waiting.length >= AT_ONCE) await publish();
  }
  await publish();
  return count;
}
