import { waitFor } from "@gaugelet/testing/wait";
import { Consumer, ResponseError } from "@platformatic/kafka";
import { expect, test, vi } from "vitest";
import { Assigned } from "../../src/topics/kafka/assigned.ts";
import { Fetcher } from "../../src/topics/kafka/fetcher.ts";

const OFFSET_OUT_OF_RANGE = 1;
const KAFKA_STORAGE_ERROR = 56;
const TOPIC = "orders";
const TOPIC_ID = "00000000-0000-0000-0000-000000000001";

function assignedOf(number: number): Assigned {
  const assigned = new Assigned({ topic: TOPIC, number, source: `${number}` }, TOPIC_ID);
  assigned.offset = 5;
  return assigned;
}

test("a partition that is out of range is heard of also where one before it has another fault", async () => {
  const client = new Consumer({ clientId: "test", bootstrapBrokers: ["127.0.0.1:1"], groupId: "g" });
  const partitions = [KAFKA_STORAGE_ERROR, OFFSET_OUT_OF_RANGE].map((errorCode, partitionIndex) => ({
    partitionIndex,
    errorCode,
    highWatermark: 10n,
    lastStableOffset: 10n,
    logStartOffset: 7n,
    abortedTransactions: [],
    preferredReadReplica: -1,
  }));
  const leaders = partitions.map(() => ({
    leader: 1,
    leaderEpoch: 0,
    replicas: [1],
    isr: [],
    offlineReplicas: [],
  }));
  const topic = { id: TOPIC_ID, partitions: leaders, partitionsCount: 2, lastUpdate: 0 };
  vi.spyOn(client, "metadata").mockImplementation(async () => ({
    id: "c",
    controllerId: 1,
    brokers: new Map(),
    topics: new Map([[TOPIC, topic]]),
    lastUpdate: 0,
  }));
  vi.spyOn(client, "fetch").mockImplementation(() => {
    const responses = [{ topicId: TOPIC_ID, partitions }];
    throw new ResponseError(1, 17, {}, { throttleTimeMs: 0, errorCode: 0, sessionId: 0, responses });
  });
  const [first, second] = [assignedOf(0), assignedOf(1)];
  const outOfRange: number[] = [];
  const fetcher = new Fetcher(client, () => [first, second], {
    onEvents: () => {},
    onOutOfRange: (assigned) => {
      assigned.offset = undefined;
      outOfRange.push(assigned.partition.number);
    },
    onUnknownTopic: () => {},
    onProblem: () => {},
  });
  fetcher.wake();
  try {
    await waitFor("it to be heard of", () => outOfRange.length > 0, 5);
  } finally {
    fetcher.stop();
    await client.close(true);
  }
  expect(outOfRange).toEqual([1]);
});
