import type { BenchedEngine } from "./engine.ts";

const AT_ONCE = 2_000;

/** Events that were published to a topic. */
export interface Backlog {
  readonly topic: string;
  readonly events: number;
  /** How many of a partition there are up to a position. */
  readonly numberOf: (position: string) => number;
}

/**
 * Make a topic with one partition that keeps everything, and publish events to it, over and over the same ones.
 *
 * @param bodies what is published, in turn.
 */
export async function publishBacklog(
  { topics, numbering }: BenchedEngine,
  topic: string,
  bodies: readonly Buffer[],
  events: number,
): Promise<Backlog> {
  await topics.create(topic, { retention: { events: null, bytes: null, seconds: null } });
  const positions: string[] = [];
  for (let first = 0; first < events; first += AT_ONCE) {
    const chunk = Array.from({ length: Math.min(AT_ONCE, events - first) }, (_, index) => ({
      body: bodies[(first + index) % bodies.length] as Buffer,
      key: null,
      headers: {},
    }));
    for (const position of await topics.publish(topic, chunk)) positions.push(position);
  }
  return { topic, events, numberOf: numbering(positions) };
}

/** Small events, numbered from 0 on. */
export function numbered(events: number): Buffer[] {
  return Array.from({ length: events }, (_, n) => Buffer.from(JSON.stringify({ n })));
}
