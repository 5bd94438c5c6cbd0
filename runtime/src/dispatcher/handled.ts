import { randomUUID } from "node:crypto";
import type { Gathered, Publication } from "../sinks/handled.ts";
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

/** Add what is to be stored of a call that is over. */
export function addHandled(handled: Gathered, delivery: Delivery, use: OutputUse): void {
  addWithoutPosition(handled, delivery, use);
  delivery.entry?.feed.settle(handled);
}

/**
 * Add what is to be stored of several calls that are over.
 *
 * @param deliveries oldest first.
 * @param env after the newest of them; undefined: as it was, or it could not be saved.
 */
export function addAllHandled(
  handled: Gathered,
  deliveries: readonly Delivery[],
  env: Buffer | undefined,
  use: OutputUse,
): void {
  handled.env = env ?? handled.env;
  const feeds = new Set<Feed>();
  for (const delivery of deliveries) {
    addWithoutPosition(handled, delivery, use);
    if (delivery.entry !== undefined) feeds.add(delivery.entry.feed);
  }
  for (const feed of feeds) feed.settle(handled);
}

function addWithoutPosition(handled: Gathered, delivery: Delivery, use: OutputUse): void {
  const { event, entry, letters } = delivery;
  if (entry !== undefined) entry.feed.over(delivery);
  else if (event.position !== null) handled.positions.set(event.source, event.position);
  if (letters === undefined) addSuccess(handled, delivery, use);
  else for (const letter of letters) handled.addDeadLetter(letter);
}

function addSuccess(handled: Gathered, delivery: Delivery, use: OutputUse): void {
  const { output, seconds, idempotencyKey, run } = delivery;
  handled.output = output;
  if (run !== undefined) handled.addRun(run);
  const { invocation } = delivery.event;
  if (invocation !== undefined) handled.onSettled.push(invocation.onRecorded);
  for (const publication of publicationsOf(delivery, use)) handled.addPublication(publication);
  if (idempotencyKey === undefined) return;
  handled.answers.set(idempotencyKey, output);
  const answer: CallAnswer = { outcome: "ok", output, seconds, run };
  handled.onSettled.push((isStored) => delivery.reply(isStored ? answer : NOT_STORED));
}

function publicationsOf(
  { event, entry, output, idempotencyKey }: Delivery,
  use: OutputUse,
): readonly Publication[] {
  if (use.outputTopics.length === 0) return NONE;
  const parentId = entry?.eventId ?? idOf(event.source, event.position, idempotencyKey);
  const headers = derivedHeaders(parentId, use.name, (entry?.hops ?? 0) + 1);
  const published = { body: output, key: entry?.key ?? null, headers };
  return use.outputTopics.map((topic) => ({ topic, event: published }));
}

const NONE: readonly Publication[] = [];

/** Whoever asks to be told of the output's being stored. */
const NOT_STORED: CallAnswer = {
  outcome: "unavailable",
  message: "what the function came to could not be stored: another runtime owns it now, or this one stops",
  details: "",
};

function idOf(source: string, position: string | null, idempotencyKey: string | undefined): string {
  return `${source}/${position ?? idempotencyKey ?? randomUUID()}`;
}
