// Reads a stream with ioredis alone and counts its entries; see bare-consumer.ts.
import { topicKey } from "@gaugelet/shared/keys";
import { Redis } from "ioredis";
import type { StreamEntry } from "../../src/topics/redis-stream/entries.ts";

/** As many as the runtime reads at once. */
const COUNT = 256;

const { TOPIC = "", EVENTS = "", REDIS_PORT = "" } = process.env;
const redis = new Redis({ host: "127.0.0.1", port: Number(REDIS_PORT) });
await redis.ping();
const started = performance.now();
let events = 0;
for (let last: Buffer | string = "0-0"; events < Number(EVENTS); ) {
  const reply: unknown = await redis.xreadBuffer("COUNT", COUNT, "STREAMS", topicKey(TOPIC), last);
  const entries = (reply as [Buffer, StreamEntry[]][] | null)?.[0]?.[1] ?? [];
  events += entries.length;
  last = entries.at(-1)?.[0] ?? last;
}
process.send?.({ events, seconds: (performance.now() - started) / 1000 });
redis.disconnect();
process.disconnect?.();
