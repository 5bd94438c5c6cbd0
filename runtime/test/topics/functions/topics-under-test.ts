import { deadLetterKey } from "@gaugelet/shared/keys";
import { afterEach } from "vitest";
import { RedisStreamTopics } from "../../../src/topics/redis-stream/redis-stream-topics.ts";
import type { Headers, Topics } from "../../../src/topics/topics.ts";
import type { useRuntime } from "../../integration/harness.ts";

/** What a test does with topics beside the runtime: as a producer, and as whoever looks at what became of it. */
export function useTopics(runtime: ReturnType<typeof useRuntime>) {
  let topics: Topics | undefined;
  afterEach(async () => {
    await topics?.stop();
    topics = undefined;
  });
  const opened = (): Topics => {
    topics ??= new RedisStreamTopics(
      { host: "127.0.0.1", port: runtime.redis.port, username: undefined, password: undefined, db: 0 },
      () => {},
    );
    return topics;
  };
  return {
    get engine(): Topics {
      return opened();
    },
    /** Publish events: objects as JSON, text as it is. */
    async publish(
      topic: string,
      events: readonly (object | string)[],
      { key = null, headers = {} }: { readonly key?: string | null; readonly headers?: Headers } = {},
    ): Promise<string[]> {
      return opened().publish(
        topic,
        events.map((event) => ({
          body: Buffer.from(typeof event === "string" ? event : JSON.stringify(event)),
          key: key === null ? null : Buffer.from(key),
          headers,
        })),
      );
    },
    /** The dead letters of a function, by their fields. */
    async deadLetters(name: string): Promise<Record<string, string>[]> {
      const entries = await runtime.redis.client.xrange(deadLetterKey(name), "-", "+");
      return entries.map(([, fields]) =>
        Object.fromEntries(
          fields.flatMap((field, at) => (at % 2 === 0 ? [[field, fields[at + 1] ?? ""]] : [])),
        ),
      );
    },
  };
}
