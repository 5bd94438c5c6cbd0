import type { KafkaRecord, RecordsBatch } from "@platformatic/kafka";
import type { Headers, TopicEvent } from "../topics.ts";

const NO_HEADERS: Headers = Object.freeze({});
const NO_BODY = Buffer.alloc(0);
/** Of a batch: it says how a transaction ended, and holds no event. */
const IS_CONTROL = 0b100000;
/** Of a batch: the broker's clock counts, not the producer's. */
const IS_LOG_APPEND_TIME = 0b1000;

/** What a fetch brought of one partition. */
export interface FetchedEvents {
  readonly events: TopicEvent[];
  /** Where to go on; undefined: nothing came. */
  readonly next: number | undefined;
  /** All that came, as it travelled. */
  readonly bytes: number;
}

/**
 * The events of a partition from an offset on: a broker gives whole batches, which may begin before it.
 *
 * Offsets are numbers here: a partition has fewer than 2^53 events.
 */
export function eventsOf(
  { records }: { readonly records?: readonly RecordsBatch[] | null },
  from: number,
): FetchedEvents {
  const events: TopicEvent[] = [];
  let next: number | undefined;
  let bytes = 0;
  for (const batch of records ?? []) {
    const first = Number(batch.firstOffset);
    bytes += batch.length;
    next = first + batch.lastOffsetDelta + 1;
    if ((batch.attributes & IS_CONTROL) !== 0) continue;
    const isAppendTime = (batch.attributes & IS_LOG_APPEND_TIME) !== 0;
    const firstTimestamp = Number(batch.firstTimestamp);
    for (const record of batch.records) {
      const offset = first + record.offsetDelta;
      if (offset < from) continue;
      const timestamp = isAppendTime
        ? Number(batch.maxTimestamp)
        : firstTimestamp + Number(record.timestampDelta);
      events.push(eventOf(record, offset, timestamp));
    }
  }
  return { events, next: next === undefined || next <= from ? undefined : next, bytes };
}

function eventOf({ value, key, headers }: KafkaRecord, offset: number, timestamp: number): TopicEvent {
  return { body: value ?? NO_BODY, key, headers: headersOf(headers), position: String(offset), timestamp };
}

function headersOf(headers: KafkaRecord["headers"]): Headers {
  if (headers.length === 0) return NO_HEADERS;
  return Object.fromEntries(headers.map(([name, value]) => [String(name ?? ""), String(value ?? "")]));
}
