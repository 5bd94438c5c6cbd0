import { type ApiError, mayPass } from "../api/client";

/** The API takes 1,000; proxies in front of Grafana often take no more than a megabyte. */
const MOST_EVENTS = 500;
const MOST_BYTES = 512 * 1024;
const WAITS_MILLISECONDS = [1_000, 2_000, 4_000, 8_000];

/** What {@link sendInBatches} needs. */
export interface Sending<Event> {
  readonly events: readonly Event[];
  /** How many of them are sent already. */
  readonly from: number;
  readonly send: (batch: readonly Event[]) => Promise<unknown>;
  /** Told how many are sent. */
  readonly onProgress: (sent: number) => void;
  readonly signal: AbortSignal;
  readonly wait?: (milliseconds: number) => Promise<void>;
}

/**
 * Send events in their order, some at a time. What fails in passing is tried again: each event has a name, so that none
 * is handled twice.
 *
 * @returns whether all are sent; false: it was stopped.
 * @throws what sending throws, where it does not pass.
 */
export async function sendInBatches<Event>({
  events,
  from,
  send,
  onProgress,
  signal,
  wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
}: Sending<Event>): Promise<boolean> {
  let sent = from;
  while (sent < events.length) {
    const batch = nextBatch(events, sent);
    for (let failures = 0; ; failures += 1) {
      if (signal.aborted) return false;
      try {
        await send(batch);
        break;
      } catch (error) {
        const pause = WAITS_MILLISECONDS[failures];
        if (signal.aborted) return false;
        if (pause === undefined || !mayPass(error as ApiError)) throw error;
        await wait(pause);
      }
    }
    sent += batch.length;
    onProgress(sent);
  }
  return true;
}

/** As many events as one request takes; one that is larger goes alone. */
export function nextBatch<Event>(events: readonly Event[], from: number): readonly Event[] {
  let size = 0;
  let to = from;
  while (to < events.length && to - from < MOST_EVENTS) {
    size += JSON.stringify(events[to]).length;
    if (size > MOST_BYTES && to > from) break;
    to += 1;
  }
  return events.slice(from, to);
}
