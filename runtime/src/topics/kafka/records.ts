import type { KafkaRecord, RecordsBatch } from "@platformatic/kafka";
import type { Headers, TopicEvent } from "../topics.ts";

const NO_HEADERS: Headers = Object.freeze({});
const NO_BODY = Buffer.alloc(0);
/** Of a batch: it says how a transaction ended, and holds no event. */
const IS_CONTROL = 0b100000;
/** Of a batch: it is part of a transaction. */
const IS_TRANSACTIONAL = 0b10000;
/** Of a batch: the broker's clock counts, not the producer's. */
const IS_LOG_APPEND_TIME = 0b1000;
/** What the key of a control record says, in its third and fourth byte. */
const ABORT = 0;
const CONTROL_TYPE_AT = 2;

/** A transaction that came to nothing, as a broker names it beside the batches of a fetch. */
interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

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
 * A broker also gives what belongs to aborted transactions. Our client leaves some of it out, but not where the end of
 * a transaction comes with a later fetch, nor where a producer aborted several.
 *
 * Offsets are numbers here: a partition has fewer than 2^53 events.
 */
export function eventsOf(
  {
    records,
    abortedTransactions,
  }: {
    readonly records?: readonly RecordsBatch[] | null;
    readonly abortedTransactions?: readonly AbortedTransaction[] | null;
  },
  from: number,
): FetchedEvents {
  const isAborted = abortedBatches(abortedTransactions ?? []);
  const events: TopicEvent[] = [];
  let next: number | undefined;
  let bytes = 0;
  for (const batch of records ?? []) {
    const first = Number(batch.firstOffset);
    bytes += batch.length;
    next = first + batch.lastOffsetDelta + 1;
    if (isAborted(batch) || (batch.attributes & IS_CONTROL) !== 0) continue;
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

/** Tells of each batch, asked in their order, whether it belongs to a transaction that was aborted. */
function abortedBatches(aborted: readonly AbortedTransaction[]): (batch: RecordsBatch) => boolean {
  // As nearly always; and events may come in a batch each.
  if (aborted.length === 0) return () => false;
  const coming = aborted.toSorted((a, b) => Number(a.firstOffset - b.firstOffset));
  const open = new Set<bigint>();
  return ({ attributes, producerId, firstOffset, lastOffsetDelta, records }) => {
    const last = firstOffset + BigInt(lastOffsetDelta);
    for (let [next] = coming; next !== undefined && next.firstOffset <= last; [next] = coming) {
      open.add(next.producerId);
      coming.shift();
    }
    if ((attributes & IS_CONTROL) !== 0) {
      if (records[0]?.key?.readInt16BE(CONTROL_TYPE_AT) === ABORT) open.delete(producerId);
      return false;
    }
    return (attributes & IS_TRANSACTIONAL) !== 0 && open.has(producerId);
  };
}

function eventOf({ value, key, headers }: KafkaRecord, offset: number, timestamp: number): TopicEvent {
  return { body: value ?? NO_BODY, key, headers: headersOf(headers), position: String(offset), timestamp };
}

function headersOf(headers: KafkaRecord["headers"]): Headers {
  if (headers.length === 0) return NO_HEADERS;
  return Object.fromEntries(headers.map(([name, value]) => [String(name ?? ""), String(value ?? "")]));
}
