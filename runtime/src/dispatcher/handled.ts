import { randomUUID } from "node:crypto";
import { Gathered, type Publication } from "../sinks/handled.ts";
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
export function handledOf(
  deliveries: readonly Delivery[],
  env: Buffer | undefined,
  use: OutputUse,
): Gathered {
  const handled = new Gathered();
  handled.env = env;
  const feeds = new Set<Feed>();
  for (const delivery of deliveries) {
    const { event, entry, letters } = delivery;
    if (entry !== undefined) {
      entry.feed.over(delivery);
      feeds.add(entry.feed);
    } else if (event.position !== null) handled.positions.set(event.source, event.position);
    if (letters === undefined) addSuccess(handled, delivery, use);
    else handled.deadLetters.push(...letters);
  }
  for (const feed of feeds) feed.settle(handled);
  return handled;
}

function addSuccess(handled: Gathered, delivery: Delivery, use: OutputUse): void {
  const { output, seconds, idempotencyKey, run } = delivery;
  handled.output = output;
  if (run !== undefined) handled.addRun(run);
  const { invocation } = delivery.event;
  if (invocation !== undefined) handled.onStored.push(invocation.onRecorded);
  if (use.outputTopics.length > 0) handled.publications.push(...publicationsOf(delivery, use));
  if (idempotencyKey === undefined) return;
  handled.answers.set(idempotencyKey, output);
  const answer: CallAnswer = { outcome: "ok", output, seconds, run };
  handled.onStored.push(() => delivery.reply(answer));
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
