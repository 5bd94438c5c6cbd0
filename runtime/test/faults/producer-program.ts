// Publishes numbered events of several sources until it is told to stop, and then says how many:
// node producer-program.ts BROKERS TOPIC EVENTS_PER_SECOND SOURCE …
import { once } from "node:events";
import { KafkaTopics } from "../../src/topics/kafka/kafka-topics.ts";
import { Keyed } from "./keyed.ts";

const [brokers = "", topic = "", perSecond = "", ...sources] = process.argv.slice(2);
const topics = new KafkaTopics({ brokers: brokers.split(","), tls: undefined, sasl: undefined });
await topics.create(topic, { partitions: 3 });
const keyed = new Keyed(topics, topic, sources);
const stopSending = keyed.keepSending(Number(perSecond));
await once(process, "SIGTERM");
await stopSending();
await topics.stop();
console.log(JSON.stringify(keyed.sent));
