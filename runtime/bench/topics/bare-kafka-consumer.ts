// Reads a topic with @platformatic/kafka alone and counts its events; see bare-consumer.ts.
import { Consumer } from "@platformatic/kafka";

const { TOPIC = "", EVENTS = "", KAFKA_BROKERS = "" } = process.env;
const consumer = new Consumer({
  clientId: "bare",
  groupId: `bare-${process.pid}`,
  bootstrapBrokers: KAFKA_BROKERS.split(","),
});
const stream = await consumer.consume({ topics: [TOPIC], mode: "earliest", autocommit: false });
let started = 0;
let events = 0;
for await (const _event of stream) {
  // Joining the group is no part of it.
  if (events === 0) started = performance.now();
  events += 1;
  if (events === Number(EVENTS)) break;
}
process.send?.({ events, seconds: (performance.now() - started) / 1000 });
process.exit();
