import { garbageCollector } from "@gaugelet/testing/garbage";
import { expect, test } from "vitest";
import { RoundRobin, type TakesTurns } from "../../src/dispatcher/round-robin.ts";

class Member implements TakesTurns {
  readonly name: string;
  isInTurn = false;

  constructor(name: string) {
    this.name = name;
  }
}

function membersOf(...names: readonly string[]): {
  readonly robin: RoundRobin<Member>;
  readonly members: readonly Member[];
} {
  const robin = new RoundRobin<Member>();
  const members = names.map((name) => new Member(name));
  for (const member of members) robin.add(member);
  return { robin, members };
}

/** Whose turn it is, so many times. */
function turns(robin: RoundRobin<Member>, count: number): string {
  let names = "";
  for (let turn = 0; turn < count; turn += 1) {
    names += robin.first?.name ?? "-";
    robin.next();
  }
  return names;
}

test("each has its turn, and one that comes is behind the others", () => {
  const { robin } = membersOf("a", "b", "c");
  expect(turns(robin, 4)).toBe("abca");
  robin.add(new Member("d"));
  expect(turns(robin, 5)).toBe("bcadb");
});

test("one that is there is not added once more", () => {
  const { robin, members } = membersOf("a", "b");
  for (const member of members) robin.add(member);
  expect(robin.size).toBe(2);
  expect(turns(robin, 4)).toBe("abab");
});

test("one that was taken out can come again", () => {
  const { robin, members } = membersOf("a", "b", "c");
  robin.dropFirst();
  expect(members.map(({ isInTurn }) => isInTurn)).toEqual([false, true, true]);
  robin.add(members[0] as Member);
  expect(turns(robin, 3)).toBe("bca");
});

test("one is taken out wherever it stands, and only once", () => {
  const { robin, members } = membersOf("a", "b", "c");
  expect(members.map((member) => robin.remove(member))).toEqual([true, true, true]);
  expect(robin.remove(members[1] as Member)).toBe(false);
  expect(robin.first).toBeUndefined();
});

test("where nobody is left, nobody has a turn", () => {
  const { robin, members } = membersOf("a", "b");
  robin.clear();
  expect(members.some(({ isInTurn }) => isInTurn)).toBe(false);
  expect(turns(robin, 2)).toBe("--");
  robin.dropFirst();
  expect(robin.size).toBe(0);
});

test("members that come and go leave nothing that only a full collection takes away", () => {
  const { robin, members } = membersOf("a");
  const collectGarbage = garbageCollector();
  const comeAndGo = (): void => {
    for (let turn = 0; turn < 1_000; turn += 1) {
      robin.dropFirst();
      robin.add(members[0] as Member);
    }
    collectGarbage({ type: "minor" });
  };
  for (let round = 0; round < 10; round += 1) comeAndGo();
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let round = 0; round < 100; round += 1) comeAndGo();
  // A set leaves a hundred times as much.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000);
});
