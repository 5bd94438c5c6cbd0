import { expect } from "vitest";
import { range, type TopicsCase } from "../case.ts";

const EVENTS = 100_000;
const BATCH = 2_000;

/** Many events. */
export const VOLUME: readonly TopicsCase[] = [
  {
    name: "100,000 events that are published while they are read come in order, none lost and none twice",
    async run({ topics, topic, unique }) {
      const name = await topic();
      const filling = "x".repeat(200);
      let [next, wrong] = [0, 0];
      const consumer = topics.consume(unique("group"), new Map([[name, "oldest"]]), {
        onAssigned: async () => undefined,
        onEvents(partition, events) {
          for (const { body } of events) {
            if (Number.parseInt(body.toString("latin1", 0, 8), 10) !== next) wrong += 1;
            next += 1;
          }
          const last = events.at(-1);
          if (last !== undefined) consumer.commit(partition, last.position);
        },
        onRevoked: () => {},
        onProblem: () => {},
      });
      for (let at = 0; at < EVENTS; at += BATCH) {
        const numbers = range(at, at + BATCH);
        await topics.publish(
          name,
          numbers.map((number) => ({ body: Buffer.from(`${number} ${filling}`), key: null, headers: {} })),
        );
      }
      await expect.poll(() => next, { timeout: 60_000 }).toBe(EVENTS);
      expect(wrong).toBe(0);
      await expect
        .poll(async () => (await topics.lag("nobody", [name]))[0]?.events, { timeout: 10_000 })
        .toBe(EVENTS);
      await consumer.stop();
    },
  },
];
