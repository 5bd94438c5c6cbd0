import { Readable } from "node:stream";
import { ApiProblem } from "./problems.ts";
import { StreamedAnswer } from "./route.ts";

/** Proxies close what says nothing for long. */
const KEEP_ALIVE_MILLISECONDS = 15_000;
/** Media type of server-sent events. */
export const EVENT_STREAM = "text/event-stream";

/** One server-sent event. */
export interface ServerSentEvent {
  /** What the client says as `Last-Event-ID` when it comes again. */
  readonly id: string;
  readonly event: string;
  /** Sent as JSON. */
  readonly data: unknown;
}

/**
 * An answer of server-sent events, once it is sure that none is missed from here on.
 *
 * @param groups nothing first, when it is sure; then some events at a time, or none now and then, so that it is seen
 * whether anybody listens.
 */
export async function eventStream(
  groups: AsyncGenerator<readonly ServerSentEvent[]>,
): Promise<StreamedAnswer> {
  await groups.next();
  return new StreamedAnswer(Readable.from(textOf(groups), { objectMode: false }), {
    "content-type": EVENT_STREAM,
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
}

/**
 * The number that a client says that it saw last.
 *
 * @throws ApiProblem where it says something else.
 */
export function lastEventId(headers: Readonly<Record<string, string | undefined>>): number | undefined {
  const text = headers["last-event-id"];
  if (text === undefined || text === "") return undefined;
  const id = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(id)) return id;
  throw new ApiProblem("invalid-request", "header Last-Event-ID: expected the id of an event of this stream");
}

async function* textOf(groups: AsyncIterable<readonly ServerSentEvent[]>): AsyncGenerator<string> {
  let silentSince = performance.now();
  yield ": listening\n\n";
  for await (const events of groups) {
    if (events.length > 0) {
      yield events
        .map(({ id, event, data }) => `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
        .join("");
      silentSince = performance.now();
    } else if (performance.now() - silentSince > KEEP_ALIVE_MILLISECONDS) {
      yield ": still here\n\n";
      silentSince = performance.now();
    }
  }
}
