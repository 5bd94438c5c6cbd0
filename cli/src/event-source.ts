import { setTimeout as sleep } from "node:timers/promises";
import { EventSourceParserStream } from "eventsource-parser/stream";
import type { Client, Query } from "./client.ts";
import { CommandFailure, EXIT_CODES } from "./failure.ts";

const RETRY_MILLISECONDS = 1_000;

/** One event of a stream. */
export interface StreamEvent {
  readonly event: string | undefined;
  readonly data: unknown;
}

/**
 * Follow a stream of server-sent events until `signal` aborts. Where the connection breaks it is made again, and goes
 * on after the last event.
 *
 * @param onOpen is called once events come.
 * @throws CommandFailure where the stream is refused, or the server is away at first.
 */
export async function* followEvents(
  client: Client,
  path: string,
  query: Query,
  signal: AbortSignal,
  onOpen: () => void,
): AsyncGenerator<StreamEvent> {
  let lastId: string | undefined;
  let isKnown = false;
  while (!signal.aborted) {
    try {
      const headers = { accept: "text/event-stream", ...(lastId && { "last-event-id": lastId }) };
      const response = await client.open("GET", `/api/v1${path}`, { query, headers, signal });
      isKnown = true;
      onOpen();
      const events = response.body
        ?.pipeThrough(new TextDecoderStream())
        .pipeThrough(new EventSourceParserStream());
      for await (const { id, event, data } of events ?? []) {
        lastId = id ?? lastId;
        yield { event, data: JSON.parse(data) };
      }
    } catch (error) {
      if (signal.aborted) return;
      const isAway = !(error instanceof CommandFailure) || error.exitCode === EXIT_CODES.away;
      if (!isKnown || !isAway) throw error;
    }
    await sleep(RETRY_MILLISECONDS, undefined, { signal }).catch(() => {});
  }
}
