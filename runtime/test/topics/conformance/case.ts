import type {
  NewEvent,
  Partition,
  Retention,
  TopicOptions,
  TopicStart,
  Topics,
} from "../../../src/topics/topics.ts";
import type { Member, MemberOptions } from "./member.ts";

/** An engine with a real server behind it. */
export interface EngineUnderTest {
  /** Another runtime's view of the same server. */
  connect(): Topics;
  /** How many partitions a topic may have, at least 1; the cases use 4 at most. */
  readonly mostPartitions: number;
  /** A retention that the engine takes as it is. */
  readonly retention: Partial<Retention>;
  /** How to see old events dropped within seconds; a text says why that cannot be seen. */
  readonly dropping:
    | { readonly options: TopicOptions; readonly events: number; readonly atMost: number }
    | string;
  /** End the server, after all that was connected was stopped. */
  close(): Promise<void>;
}

/** What a case may use. */
export interface Subject {
  readonly engine: EngineUnderTest;
  readonly topics: Topics;
  /** A further connection, as another runtime has it. */
  readonly connect: () => Topics;
  /** A name that nothing else has. */
  readonly unique: (what: string) => string;
  /** A new topic. */
  readonly topic: (options?: TopicOptions) => Promise<string>;
  /** A member of a group, by the connection of its own runtime where one is given. */
  readonly member: (
    group: string,
    topics: Readonly<Record<string, TopicStart>>,
    options?: MemberOptions,
  ) => Member;
}

/** One thing that every engine has to do alike. */
export interface TopicsCase {
  readonly name: string;
  /** Why it cannot be asked of an engine; undefined: it can. */
  readonly skip?: (engine: EngineUnderTest, topics: Topics) => string | undefined;
  readonly run: (subject: Subject) => Promise<void>;
}

/** An event whose body is its number. */
export function numbered(number: number, key: string | null = null): NewEvent {
  return { body: Buffer.from(String(number)), key: key === null ? null : Buffer.from(key), headers: {} };
}

/** Events whose bodies are their numbers, from one number up to but without another. */
export function numberedEvents(from: number, to: number): NewEvent[] {
  return range(from, to).map((number) => numbered(number));
}

/** Numbers from one up to but without another. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at);
}

/** A partition's name in messages. */
export function nameOf({ topic, number }: Partition): string {
  return `${topic}/${number}`;
}
