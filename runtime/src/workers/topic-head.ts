import { givenId } from "../topics/headers.ts";
import type { Headers, TopicEvent } from "../topics/topics.ts";

type HeadedEvent = Omit<TopicEvent, "body">;

/** The last partition that a head was written for, and what its heads begin with: it is the next one's, as a rule. */
let lastTopic = "";
let lastPartition = -1;
let beginning = "";

/**
 * The head of a call with an event of a topic, as `headTextOf` writes an `EventContext`: written piece by piece, since
 * it is another one for each event.
 *
 * @param hasNumericOffsets whether positions are numbers; else text.
 * @param attempt from 1 on.
 * @param list the events of a list, of which `event` is the last.
 */
export function topicHead(
  topic: string,
  partition: number,
  hasNumericOffsets: boolean,
  event: HeadedEvent,
  attempt: number,
  list?: readonly HeadedEvent[],
): string {
  if (topic !== lastTopic || partition !== lastPartition) {
    lastTopic = topic;
    lastPartition = partition;
    beginning = `{"topic":${JSON.stringify(topic)},"partition":${partition},`;
  }
  const attempts = attempt === 1 ? "" : `,"attempt":${attempt}`;
  const events = list === undefined ? "" : `,"events":[${list.map((each) => `{${own(each)}}`).join(",")}]`;
  return `${beginning}${own(event)}${attempts}${events}}`;

  function own({ position, timestamp, key, headers }: HeadedEvent): string {
    const offset = hasNumericOffsets ? position : `"${position}"`;
    const keyed = key === null ? "" : `,"key":${JSON.stringify(key.toString())}`;
    return `"offset":${offset},"timestamp":${timestamp}${keyed}${named(headers)}`;
  }
}

function named(headers: Headers): string {
  for (const _name in headers) {
    const id = givenId(headers);
    const eventId = id === undefined ? "" : `,"eventId":${JSON.stringify(id)}`;
    return `,"headers":${JSON.stringify(headers)}${eventId}`;
  }
  return "";
}
