import type { KafkaAddress } from "../../configuration/kafka.ts";
import type {
  Consumer,
  ConsumerListener,
  NewEvent,
  PeekedEvent,
  TopicDescription,
  TopicEnd,
  TopicLag,
  TopicOptions,
  TopicStart,
  Topics,
} from "../topics.ts";
import { checkName, KafkaAdmin } from "./admin.ts";
import { type ClientOptions, clientOptions } from "./client-options.ts";
import { KafkaConsumer } from "./consumer.ts";
import { KafkaPeeker } from "./peeker.ts";
import { KafkaProducer } from "./producer.ts";

/** Topics on Kafka. */
export class KafkaTopics implements Topics {
  readonly engine = "kafka";
  readonly sharesPartitions = true;
  readonly #options: ClientOptions;
  readonly #admin: KafkaAdmin;
  readonly #producer: KafkaProducer;
  #peeker: KafkaPeeker | undefined;
  readonly #consumers = new Set<KafkaConsumer>();

  constructor(address: KafkaAddress) {
    this.#options = clientOptions(address);
    this.#admin = new KafkaAdmin(this.#options);
    this.#producer = new KafkaProducer(this.#options);
  }

  create(topic: string, options: TopicOptions): Promise<void> {
    return this.#admin.create(topic, options);
  }

  list(): Promise<string[]> {
    return this.#admin.list();
  }

  describe(topic: string): Promise<TopicDescription> {
    return this.#admin.describe(topic);
  }

  async delete(topic: string): Promise<void> {
    checkName(topic);
    await this.#admin.delete(topic);
  }

  async publish(topic: string, events: readonly NewEvent[]): Promise<string[]> {
    checkName(topic);
    return await this.#producer.publish(topic, events);
  }

  peek(topic: string, end: TopicEnd, most: number): Promise<PeekedEvent[]> {
    this.#peeker ??= new KafkaPeeker(this.#options, this.#admin);
    return this.#peeker.peek(topic, end, most);
  }

  endOf(topic: string): Promise<TopicStart> {
    return this.#admin.endOf(topic);
  }

  lag(group: string, topics: readonly string[]): Promise<TopicLag[]> {
    return this.#admin.lag(group, topics);
  }

  consume(group: string, topics: ReadonlyMap<string, TopicStart>, listener: ConsumerListener): Consumer {
    const consumer = new KafkaConsumer(this.#options, this.#admin, group, topics, listener);
    this.#consumers.add(consumer);
    return consumer;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
    await this.#peeker?.stop();
    await this.#producer.stop();
    await this.#admin.stop();
  }
}
