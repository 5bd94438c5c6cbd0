import type { TopicDetails } from "../api/types";
import { bytes, seconds } from "../components/format";

type Retention = TopicDetails["retention"];

/** How long events are kept, in words. */
export function describeRetention({ seconds: time, events, bytes: size }: Retention): string {
  const parts = [
    ...(time === null ? [] : [`for ${seconds(time)}`]),
    ...(events === null ? [] : [`newest ${events.toLocaleString()}`]),
    ...(size === null ? [] : [`${bytes(size)} of each partition`]),
  ];
  return parts.length === 0 ? "as long as there is room" : parts.join(", ");
}

/** Units that a time is written in. */
export const TIME_UNITS = [
  { value: "minutes", label: "minutes", seconds: 60 },
  { value: "hours", label: "hours", seconds: 3_600 },
  { value: "days", label: "days", seconds: 86_400 },
] as const;

export type TimeUnit = (typeof TIME_UNITS)[number]["value"];

/** A new topic as its form has it: numbers as text, empty where the engine's default counts. */
export interface NewTopicFields {
  readonly name: string;
  readonly partitions: string;
  readonly time: string;
  readonly unit: TimeUnit;
  readonly events: string;
  readonly mebibytes: string;
}

/** What is wrong with a name; undefined: nothing. */
export function problemOfTopicName(name: string): string | undefined {
  if (name === "") return "Give it a name.";
  if (/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/.test(name)) return undefined;
  return "Letters, digits, dots, dashes and underscores; at most 249.";
}

/** What is wrong with a number that may be left out; undefined: nothing. */
export function problemOfNumber(text: string, isWhole: boolean): string | undefined {
  if (text === "") return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) return "A number above 0.";
  return isWhole && !Number.isSafeInteger(value) ? "A whole number." : undefined;
}

/** What the API is sent; what is empty is left to the engine. */
export function newTopicBody({ name, partitions, time, unit, events, mebibytes }: NewTopicFields): unknown {
  const factor = TIME_UNITS.find(({ value }) => value === unit)?.seconds ?? 1;
  const retention = {
    ...(time === "" ? {} : { seconds: Number(time) * factor }),
    ...(events === "" ? {} : { events: Number(events) }),
    ...(mebibytes === "" ? {} : { bytes: Math.round(Number(mebibytes) * 1024 ** 2) }),
  };
  return { name, ...(partitions === "" ? {} : { partitions: Number(partitions) }), retention };
}
