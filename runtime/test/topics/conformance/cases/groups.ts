import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { numberedEvents, range, type TopicsCase } from "../case.ts";

/** Groups and topics, many to many. */
export const GROUPS: readonly TopicsCase[] = [
  {
    name: "each group reads all events, at its own pace",
    async run({ topics, topic, member, unique }) {
      const name = await topic();
      const [one, two] = [
        member(unique("group"), { [name]: "oldest" }),
        member(unique("group"), { [name]: "oldest" }),
      ];
      const [mine] = await one.assigned();
      await two.assigned();
      if (mine !== undefined) one.consumer.pause(mine);
      await sleep(300);
      await topics.publish(name, numberedEvents(0, 100));
      await two.received(100);
      if (mine !== undefined) one.consumer.resume(mine);
      await one.received(100);
      expect([one.numbers(), two.numbers()]).toEqual([range(0, 100), range(0, 100)]);
    },
  },
  {
    name: "what one group commits is nothing to another",
    async run({ topics, topic, member, unique }) {
      const [name, busy, idle] = [await topic(), unique("group"), unique("group")];
      const positions = await topics.publish(name, numberedEvents(0, 20));
      const reader = member(busy, { [name]: "oldest" });
      await reader.received(20);
      const [partition] = await reader.assigned();
      if (partition !== undefined) reader.consumer.commit(partition, positions[19] ?? "");
      await reader.consumer.stop();
      expect(await topics.lag(busy, [name])).toMatchObject([{ events: 0 }]);
      expect(await topics.lag(idle, [name])).toMatchObject([{ events: 20 }]);
      const other = member(idle, { [name]: "oldest" });
      await other.received(20);
      expect(other.numbers()).toEqual(range(0, 20));
    },
  },
  {
    name: "a group reads several topics, each in its order",
    async run({ topics, topic, member, unique }) {
      const names = [await topic(), await topic(), await topic(), await topic()];
      const reader = member(unique("group"), Object.fromEntries(names.map((name) => [name, "oldest"])));
      await reader.assigned(4);
      for (const at of range(0, 20)) {
        await Promise.all(names.map((name) => topics.publish(name, numberedEvents(10 * at, 10 * at + 10))));
      }
      await reader.received(800);
      for (const name of names) expect(reader.numbers(name)).toEqual(range(0, 200));
    },
  },
  {
    name: "a topic with a backlog does not keep another one waiting until it is read",
    async run({ topics, topic, member, unique }) {
      const [deep, quick] = [await topic(), await topic()];
      const body = Buffer.alloc(1_000, "x");
      await topics.publish(
        deep,
        range(0, 30_000).map(() => ({ body, key: null, headers: {} })),
      );
      await topics.publish(quick, numberedEvents(0, 10));
      const reader = member(unique("group"), { [deep]: "oldest", [quick]: "oldest" });
      await reader.received(30_010);
      const last = reader.events.findLastIndex(({ partition }) => partition.topic === quick);
      expect(last).toBeLessThan(30_009);
    },
  },
  {
    name: "topics are added and left without disturbing those that stay",
    async run({ topics, topic, member, unique }) {
      const [stays, comes] = [await topic(), await topic()];
      await topics.publish(comes, numberedEvents(0, 10));
      const reader = member(unique("group"), { [stays]: "oldest" });
      await reader.assigned();
      let [published, ended] = [0, false];
      const publishing = (async () => {
        while (!ended) {
          await topics.publish(stays, numberedEvents(published, published + 10));
          published += 10;
          await sleep(5);
        }
      })();
      await reader.received(50, stays);
      reader.consumer.subscribe(
        new Map([
          [stays, "oldest"],
          [comes, "oldest"],
        ]),
      );
      await reader.received(10, comes);
      await topics.publish(comes, numberedEvents(10, 20));
      await reader.received(20, comes);
      reader.consumer.subscribe(new Map([[stays, "oldest"]]));
      const left = async () => {
        while (reader.partitions.size > 1) await sleep(20);
      };
      await left();
      const before = reader.numbers(comes).length;
      await topics.publish(comes, numberedEvents(20, 30));
      await sleep(500);
      ended = true;
      await publishing;
      await reader.received(published, stays);
      expect(reader.numbers(stays)).toEqual(range(0, published));
      expect(reader.numbers(comes)).toHaveLength(before);
      expect(reader.turns).toEqual([`+${stays}/0`, `+${comes}/0`, `-${comes}/0`]);
    },
  },
  {
    name: "a topic that is left and read again goes on after what was committed",
    async run({ topics, topic, member, unique }) {
      const [name, other] = [await topic(), await topic()];
      const positions = await topics.publish(name, numberedEvents(0, 10));
      const reader = member(unique("group"), { [name]: "oldest", [other]: "oldest" });
      await reader.received(10);
      const partition = reader.partitions.get(`${name}/0`);
      if (partition !== undefined) reader.consumer.commit(partition, positions[5] ?? "");
      reader.consumer.subscribe(new Map([[other, "oldest"]]));
      while (reader.partitions.has(`${name}/0`)) await sleep(20);
      await sleep(300);
      reader.consumer.subscribe(
        new Map([
          [other, "oldest"],
          [name, "oldest"],
        ]),
      );
      await reader.received(14, name);
      await sleep(200);
      expect(reader.numbers(name)).toEqual([...range(0, 10), ...range(6, 10)]);
    },
  },
];
