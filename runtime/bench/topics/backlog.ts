import type { BenchedEngine } from "./engine.ts";

const AT_ONCE = 2_000;

/**
 * Make a topic that keeps everything, and publish events to it in order, over and over from the same ones.
 *
 * @param bodies what is published, in turn.
 * @returns the positions, in order.
 */
export async function publishBacklog(
  { topics }: BenchedEngine,
  topic: string,
  bodies: readonly Buffer[],
  events: number,
): Promise<string[]> {
  await topics.create(topic, { retention: { events: null } });
  const positions: string[] = [];
  for (let first = 0; first < events; first += AT_ONCE) {
    const chunk = Array.from({ length: Math.min(AT_ONCE, events - first) }, (_, index) => ({
      body: bodies[(first + index) % bodies.length] as Buffer,
      key: null,
      headers: {},
    }));
    for (const position of await topics.publish(topic, chunk)) positions.push(position);
  }
  return positions;
}

/** Small events, numbered from 0 on. */
export function numbered(events: number): Buffer[] {
  return Array.from({ length: events }, (_, n) => Buffer.from(JSON.stringify({ n })));
}
