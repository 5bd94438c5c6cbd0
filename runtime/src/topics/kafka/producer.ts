import { compatibilityPartitioner, ProduceAcks, Producer } from "@platformatic/kafka";
import { type NewEvent, TopicError } from "../topics.ts";
import type { ClientOptions } from "./client-options.ts";
import { explained, isUnknownTopic, patiently } from "./errors.ts";

/** Events that are sent in one request, and their bytes: below what brokers take by default. */
const MOST_EVENTS = 5_000;
const MOST_BYTES = 900 * 1024;

/** Events that wait to be sent, and who waits for them. */
interface Waiting {
  readonly topic: string;
  readonly events: readonly NewEvent[];
  readonly resolve: (positions: string[]) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Publishes events: one request at a time for each topic, so that they stay in order, with all that came meanwhile.
 *
 * The broker drops what it is sent twice after a lost answer. Where a request fails for good, a new producer begins:
 * what it was about may be there or not, and whoever tries again may publish it twice.
 */
export class KafkaProducer {
  readonly #options: ClientOptions;
  #producer: Producer | undefined;
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #sending = new Map<string, Promise<void>>();
  /** Events without a key go to one partition after the other, a request at a time. */
  #turn = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** @returns the offsets. */
  async publish(topic: string, events: readonly NewEvent[]): Promise<string[]> {
    if (events.length === 0) return [];
    return await new Promise<string[]>((resolve, reject) => {
      const waiting = this.#waiting.get(topic) ?? [];
      waiting.push({ topic, events, resolve, reject });
      this.#waiting.set(topic, waiting);
      if (!this.#sending.has(topic)) this.#sending.set(topic, this.#sendAll(topic));
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sending.values());
    await this.#producer?.close(true).catch(() => {});
  }

  async #sendAll(topic: string): Promise<void> {
    // Whatever else comes in this turn of the event loop goes along.
    await Promise.resolve();
    for (let some = this.#take(topic); some.length > 0; some = this.#take(topic)) {
      const events = some.flatMap((waiting) => waiting.events);
      try {
        const positions = await this.#send(topic, events);
        let at = 0;
        for (const { events: own, resolve } of some) {
          resolve(positions.slice(at, at + own.length));
          at += own.length;
        }
      } catch (error) {
        for (const { reject } of some) reject(error as Error);
      }
    }
    this.#sending.delete(topic);
    this.#waiting.delete(topic);
  }

  /** As many as go into one request, at least those of one call. */
  #take(topic: string): Waiting[] {
    const waiting = this.#waiting.get(topic) ?? [];
    let events = 0;
    const isOver = ({ events: more }: Waiting): boolean => {
      events += more.length;
      return events > MOST_EVENTS && events > more.length;
    };
    const count = waiting.findIndex(isOver);
    return waiting.splice(0, count === -1 ? waiting.length : count);
  }

  async #send(topic: string, events: readonly NewEvent[]): Promise<string[]> {
    const positions: string[] = [];
    for (const some of inRequests(events)) {
      try {
        positions.push(...(await patiently(() => this.#request(topic, some))));
      } catch (error) {
        if (!isUnknownTopic(error)) throw explained(`publish to topic ${topic}`, error);
        throw new TopicError("unknown-topic", `there is no topic ${topic}`, { cause: error });
      }
    }
    return positions;
  }

  async #request(topic: string, events: readonly NewEvent[]): Promise<string[]> {
    this.#producer ??= new Producer({ ...this.#options, idempotent: true, strict: false });
    const producer = this.#producer;
    try {
      const metadata = await producer.metadata({ topics: [topic], autocreateTopics: false });
      const count = metadata.topics.get(topic)?.partitionsCount ?? 0;
      if (count === 0) throw new TopicError("unknown-topic", `there is no topic ${topic}`);
      this.#turn += 1;
      const partitions = events.map(({ key }) => partitionFor(key, count, this.#turn));
      const { offsets = [] } = await producer.send({
        acks: ProduceAcks.ALL,
        messages: events.map(({ body, key, headers }, index) => ({
          topic,
          partition: partitions[index] ?? 0,
          value: body,
          ...(key !== null && { key }),
          headers: new Map(
            Object.entries(headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]),
          ),
        })),
      });
      const next = new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]));
      return partitions.map((partition) => {
        const offset = next.get(partition) ?? 0;
        next.set(partition, offset + 1);
        return String(offset);
      });
    } catch (error) {
      producer.clearMetadata();
      if (!(error instanceof TopicError) && !isUnknownTopic(error)) {
        // Its sequence of events has a hole that the broker would not forgive.
        this.#producer = undefined;
        await producer.close(true).catch(() => {});
      }
      throw error;
    }
  }
}

/** As Kafka's own clients do: by the key, and where there is none, all of a request to one partition. */
function partitionFor(key: Buffer | null, count: number, turn: number): number {
  if (key === null) return turn % count;
  return compatibilityPartitioner({ topic: "" }, key) % count;
}

function* inRequests(events: readonly NewEvent[]): Iterable<readonly NewEvent[]> {
  let some: NewEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    if (some.length > 0 && (bytes + event.body.length > MOST_BYTES || some.length >= MOST_EVENTS)) {
      yield some;
      [some, bytes] = [[], 0];
    }
    some.push(event);
    bytes += event.body.length;
  }
  if (some.length > 0) yield some;
}
