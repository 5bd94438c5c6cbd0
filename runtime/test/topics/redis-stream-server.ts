import type { RedisAddress } from "@gaugelet/shared/redis/address";
import type { TestRedis } from "@gaugelet/testing/redis-server";
import { afterEach, expect } from "vitest";
import { RedisStreamTopics } from "../../src/topics/redis-stream/redis-stream-topics.ts";
import type { TopicStart } from "../../src/topics/topics.ts";
import { Member, type MemberOptions } from "./conformance/member.ts";

/** Where a test's own Redis is. */
export function addressOf(redis: TestRedis, changes: Partial<RedisAddress> = {}): RedisAddress {
  const { port } = redis;
  return { host: "127.0.0.1", port, username: undefined, password: undefined, db: 0, ...changes };
}

/** Topics and members of a test, which are stopped after it; members must not have seen what must not happen. */
export function useTopics() {
  const members: Member[] = [];
  const connections: RedisStreamTopics[] = [];
  afterEach(async () => {
    const faults = members.splice(0).flatMap((member) => member.faults);
    await Promise.all(connections.splice(0).map((topics) => topics.stop()));
    expect(faults).toEqual([]);
  });
  return {
    /** @param states each change of whether changes are pushed is noted there. */
    connect: (address: RedisAddress, states: boolean[] = []): RedisStreamTopics => {
      const topics = new RedisStreamTopics(address, (pushing) => void states.push(pushing));
      connections.push(topics);
      return topics;
    },
    member: (
      topics: RedisStreamTopics,
      group: string,
      from: Readonly<Record<string, TopicStart>>,
      options: MemberOptions = {},
    ): Member => {
      const member = new Member(topics, group, from, options);
      members.push(member);
      return member;
    },
  };
}

/** What Redis itself says of a group, as every tool sees it. */
export async function groupOf(redis: TestRedis, topic: string, group: string) {
  const groups = (await redis.client.call("XINFO", "GROUPS", `gaugelet:topic:${topic}`)) as unknown[][];
  const found = groups.find((each) => each[each.indexOf("name") + 1] === group) ?? [];
  const value = (name: string) => found[found.indexOf(name) + 1];
  return { position: value("last-delivered-id"), read: value("entries-read"), lag: value("lag") };
}
