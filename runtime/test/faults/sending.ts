import { setTimeout as sleep } from "node:timers/promises";
import type { Topics } from "../../src/topics/topics.ts";

/**
 * Send so many a second, at most `atOnce` of them in one go.
 *
 * @returns what stops it, and settles when everything that was begun is sent.
 */
export function keepSending(
  perSecond: number,
  atOnce: number,
  send: (count: number) => Promise<void>,
): () => Promise<void> {
  let isOver = false;
  const sending = (async () => {
    const started = performance.now();
    for (let sent = 0; !isOver; ) {
      const due = Math.floor(((performance.now() - started) / 1000) * perSecond) - sent;
      const count = Math.min(due, atOnce);
      if (count > 0) await send(count);
      else await sleep(5);
      sent += count;
    }
  })();
  return () => {
    isOver = true;
    return sending;
  };
}

/** Publish again until it is there, which may double it where a connection breaks. */
export async function publishUntilThere(
  topics: Topics,
  topic: string,
  events: Parameters<Topics["publish"]>[1],
): Promise<void> {
  for (;;) {
    try {
      await topics.publish(topic, events);
      return;
    } catch {
      await sleep(200);
    }
  }
}
