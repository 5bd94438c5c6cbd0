import { waitFor } from "@gaugelet/testing/wait";
import { expect } from "vitest";
import { numbered, range, type TopicsCase } from "../case.ts";
import type { Member } from "../member.ts";

const skip: TopicsCase["skip"] = (_engine, { sharesPartitions }) =>
  sharesPartitions ? undefined : "a group of this engine has one member at a time, which holds a lease";

/** A group's members share its partitions. */
export const SHARING: readonly TopicsCase[] = [
  {
    name: "two members share the partitions, and one has all of them once the other leaves",
    skip,
    async run({ topics, topic, member, unique, connect }) {
      const [name, group] = [await topic({ partitions: 4 }), unique("group")];
      const one = commits(member(group, { [name]: "oldest" }, { topics: connect() }));
      await one.assigned(4);
      const two = commits(member(group, { [name]: "oldest" }, { topics: connect() }));
      await waitFor("two partitions each", () => one.partitions.size === 2 && two.partitions.size === 2, 60);
      await topics.publish(
        name,
        range(0, 400).map((at) => numbered(at, `key ${at % 50}`)),
      );
      await waitFor("all events", () => one.events.length + two.events.length >= 400);
      expect([...one.numbers(), ...two.numbers()].sort((a, b) => a - b)).toEqual(range(0, 400));
      expect(one.events.length).toBeGreaterThan(0);
      expect(two.events.length).toBeGreaterThan(0);
      await waitFor("all commits", async () => (await topics.lag(group, [name]))[0]?.events === 0);
      await two.consumer.stop();
      await one.assigned(4);
      const before = one.events.length;
      await topics.publish(
        name,
        range(400, 800).map((at) => numbered(at, `key ${at % 50}`)),
      );
      await one.received(before + 400);
      expect(
        one
          .numbers()
          .slice(before)
          .sort((a, b) => a - b),
      ).toEqual(range(400, 800));
    },
  },
];

/** It commits each event as it comes. */
function commits(member: Member): Member {
  const noted = member.onEvents.bind(member);
  member.onEvents = (partition, events) => {
    noted(partition, events);
    const last = events.at(-1);
    if (last !== undefined) member.consumer.commit(partition, last.position);
  };
  return member;
}
