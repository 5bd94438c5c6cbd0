import { formatBytes, formatDuration } from "@gaugelet/shared/units";
import type { KeptLetter } from "../dead-letters/dead-letters.ts";
import type { TopicDescription, TopicLag } from "../topics/topics.ts";

const MOST_CHARACTERS = 200;

/** A topic, for people. */
export function topicLines({ name, partitions, retention }: TopicDescription): string[] {
  const { seconds, events, bytes } = retention;
  const kept = [
    ...(seconds === null ? [] : [`for ${formatDuration(seconds)}`]),
    ...(events === null ? [] : [`up to ${countOf(events)}`]),
    ...(bytes === null ? [] : [`up to ${formatBytes(bytes)} a partition`]),
  ];
  return [
    `topic ${name}: ${partitions.length} partition${partitions.length === 1 ? "" : "s"}`,
    `kept: ${kept.length === 0 ? "as long as there is room" : kept.join(", ")}`,
    ...partitions.map(
      ({ number, events: count, newest }) =>
        `partition ${number}: ${countOf(count)}, newest ${newest ?? "none"}`,
    ),
  ];
}

/** How far a function is behind, for people. */
export function lagLine({ topic, events, dropped }: TopicLag): string {
  const lost = dropped === 0 ? "" : `, and ${countOf(dropped)} dropped before they were handled`;
  return `${topic}: ${countOf(events)}${lost}`;
}

/** A dead letter, for people. */
export function letterLines(letter: KeptLetter): string[] {
  const { id, topic, partition, offset, source, attempts, failedAt, error, event } = letter;
  const from = topic === "" ? source : `${topic}/${partition}/${offset}`;
  const times = attempts === 1 ? "1 attempt" : `${attempts} attempts`;
  return [
    `${id}  ${new Date(failedAt).toISOString()}  from ${from}, ${times}`,
    `  ${shortened(error)}`,
    `  ${shortened(event.toString())}`,
  ];
}

function countOf(events: number): string {
  return events === 1 ? "1 event" : `${events.toLocaleString("en-US")} events`;
}

function shortened(text: string): string {
  const line = text.replaceAll(/\s*\n\s*/g, " ");
  return line.length <= MOST_CHARACTERS ? line : `${line.slice(0, MOST_CHARACTERS)}…`;
}
