import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Topics } from "../../../src/topics/topics.ts";
import type { EngineUnderTest, Subject, TopicsCase } from "./case.ts";
import { ADMINISTRATION } from "./cases/administration.ts";
import { CONSUMING } from "./cases/consuming.ts";
import { GROUPS } from "./cases/groups.ts";
import { PEEKING } from "./cases/peeking.ts";
import { POSITIONS } from "./cases/positions.ts";
import { PUBLISHING } from "./cases/publishing.ts";
import { SHARING } from "./cases/sharing.ts";
import { TOPICS_THAT_COME_AND_GO } from "./cases/topics-that-come-and-go.ts";
import { VOLUME } from "./cases/volume.ts";
import { Member } from "./member.ts";

const AREAS: Readonly<Record<string, readonly TopicsCase[]>> = {
  administration: ADMINISTRATION,
  peeking: PEEKING,
  publishing: PUBLISHING,
  consuming: CONSUMING,
  positions: POSITIONS,
  groups: GROUPS,
  "topics that come and go": TOPICS_THAT_COME_AND_GO,
  sharing: SHARING,
  volume: VOLUME,
};

/**
 * Everything that topics have to do alike on every engine, against a real server.
 *
 * @param open starts the server, once for all cases.
 */
export function topicsConformance(name: string, open: () => Promise<EngineUnderTest>): void {
  describe(name, () => {
    let engine: EngineUnderTest;
    let topics: Topics;
    let members: Member[] = [];
    let connections: Topics[] = [];
    let names = 0;

    beforeAll(async () => {
      engine = await open();
      topics = engine.connect();
    }, 300_000);

    afterEach(async () => {
      const faults = members.flatMap((member) => member.faults);
      await Promise.all(members.map(({ consumer }) => consumer.stop()));
      await Promise.all(connections.map((connection) => connection.stop()));
      [members, connections] = [[], []];
      expect(faults).toEqual([]);
    });

    afterAll(async () => {
      await topics?.stop();
      await engine?.close();
    });

    const unique: Subject["unique"] = (what) => {
      names += 1;
      return `${what}-${names}`;
    };

    const subject = (): Subject => ({
      engine,
      topics,
      unique,
      connect() {
        const connection = engine.connect();
        connections.push(connection);
        return connection;
      },
      async topic(options = {}) {
        const topic = unique("topic");
        await topics.create(topic, options);
        return topic;
      },
      member(group, from, options = {}) {
        const member = new Member(options.topics ?? topics, group, from, options);
        members.push(member);
        return member;
      },
    });

    describe.each(Object.entries(AREAS))("%s", (_area, cases) => {
      for (const { name, skip, run } of cases) {
        test(name, { timeout: 120_000 }, async (context) => {
          const reason = skip?.(engine, topics);
          if (reason !== undefined) context.skip(reason);
          await run(subject());
        });
      }
    });
  });
}
