import { randomUUID } from "node:crypto";
import {
  type DeadLetter,
  type Handled,
  joined,
  NOTHING_HANDLED,
  type Publication,
} from "../sinks/handled.ts";
import { derivedHeaders } from "../topics/headers.ts";
import type { CallAnswer } from "../triggers/http/callable.ts";
import type { Delivery } from "./delivery.ts";
import type { Feed } from "./feed.ts";

/** What of a function's definition decides what becomes of its outputs. */
export interface OutputUse {
  readonly name: string;
  /** Topics that each output is published to. */
  readonly outputTopics: readonly string[];
}

/**
 * What is to be stored of calls that are over.
 *
 * @param deliveries oldest first; at least one.
 * @param env after the newest of them.
 */
export function handledOf(deliveries: readonly Delivery[], env: Buffer | undefined, use: OutputUse): Handled {
  const positions = new Map<string, string>();
  const answers = new Map<string, Buffer>();
  const publications: Publication[] = [];
  const onStored: (() => void)[] = [];
  const deadLetters: DeadLetter[] = [];
  const feeds = new Set<Feed>();
  let output: Buffer | undefined;
  for (const delivery of deliveries) {
    const { event, entry, letters } = delivery;
    if (entry !== undefined) {
      entry.feed.over(delivery);
      feeds.add(entry.feed);
    } else if (event.position !== null) positions.set(event.source, event.position);
    if (letters !== undefined) {
      deadLetters.push(...letters);
      continue;
    }
    output = delivery.output;
    if (use.outputTopics.length > 0) publications.push(...publicationsOf(delivery, use));
    if (delivery.idempotencyKey === undefined) continue;
    answers.set(delivery.idempotencyKey, output);
    const answer: CallAnswer = { outcome: "ok", output, seconds: delivery.seconds };
    onStored.push(() => delivery.reply(answer));
  }
  let handled: Handled = {
    ...NOTHING_HANDLED,
    output,
    env,
    positions,
    answers,
    publications,
    deadLetters,
    onStored,
  };
  for (const feed of feeds) handled = joined(handled, { ...NOTHING_HANDLED, ...feed.settle() });
  return handled;
}

function publicationsOf({ event, entry, output, idempotencyKey }: Delivery, use: OutputUse): Publication[] {
  const parentId = entry?.eventId ?? idOf(event.source, event.position, idempotencyKey);
  const headers = derivedHeaders(parentId, use.name, (entry?.hops ?? 0) + 1);
  const published = { body: output, key: entry?.key ?? null, headers };
  return use.outputTopics.map((topic) => ({ topic, event: published }));
}

function idOf(source: string, position: string | null, idempotencyKey: string | undefined): string {
  return `${source}/${position ?? idempotencyKey ?? randomUUID()}`;
}
