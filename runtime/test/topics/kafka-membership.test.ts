import { setTimeout as sleep } from "node:timers/promises";
import { startKafka, type TestKafka } from "@gaugelet/testing/kafka-server";
import { waitFor } from "@gaugelet/testing/wait";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientOptions } from "../../src/topics/kafka/client-options.ts";
import { KafkaTopics } from "../../src/topics/kafka/kafka-topics.ts";
import { Membership } from "../../src/topics/kafka/membership.ts";

const ACCESS = { tls: undefined, sasl: undefined };
let kafka: TestKafka;

beforeAll(async () => {
  kafka = await startKafka();
  const topics = new KafkaTopics({ brokers: kafka.brokers, ...ACCESS });
  for (const name of ["orders", "invoices"]) await topics.create(name, {});
  await topics.stop();
}, 120_000);

afterAll(async () => {
  await kafka?.stop();
});

test.each([0, 5, 10, 20, 40, 80, 160, 320])(
  "a topic that is wanted %d ms after a join has begun is assigned",
  {
    timeout: 60_000,
  },
  async (milliseconds) => {
    let assigned: string[] = [];
    const membership = new Membership(
      clientOptions({ brokers: kafka.brokers, ...ACCESS }),
      `after-${milliseconds}`,
      {
        onAssigned: (assignments) => {
          assigned = [...assignments.keys()].sort();
        },
        onProblem: () => {},
      },
    );
    membership.want(["orders"]);
    await sleep(milliseconds);
    membership.want(["orders", "invoices"]);
    await waitFor("both topics", () => assigned.length === 2, 15).catch(() => {});
    expect(assigned).toEqual(["invoices", "orders"]);
    await membership.stop();
  },
);

test("a topic that is not there keeps nobody out for longer than it is wanted", {
  timeout: 60_000,
}, async () => {
  let assigned: string[] = [];
  let problems = 0;
  const membership = new Membership(clientOptions({ brokers: kafka.brokers, ...ACCESS }), "deleted", {
    onAssigned: (assignments) => {
      assigned = [...assignments.keys()];
    },
    onProblem: () => {
      problems += 1;
    },
  });
  membership.want(["orders", "deleted-meanwhile"]);
  await waitFor("a join that fails", () => problems > 0);
  membership.want(["orders"]);
  await waitFor("the other topic", () => assigned.length > 0);
  expect(assigned).toEqual(["orders"]);
  await membership.stop();
});
