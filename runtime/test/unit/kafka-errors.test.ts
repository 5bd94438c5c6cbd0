import { ProtocolError } from "@platformatic/kafka";
import { expect, test } from "vitest";
import { explainKafkaError } from "../../src/topics/kafka/errors.ts";

test.each([
  ["NOT_COORDINATOR", "another broker takes over this group"],
  ["COORDINATOR_LOAD_IN_PROGRESS", "another broker takes over this group"],
  ["NOT_LEADER_OR_FOLLOWER", "another broker takes over a partition"],
] as const)("%s passes by itself, and that is said", (name, words) => {
  const error = new Error("Joining failed.", { cause: new ProtocolError(name) });
  expect(explainKafkaError(error)).toContain(words);
});

test("what has no explanation of ours keeps the broker's words", () => {
  const answer = new ProtocolError("INVALID_SESSION_TIMEOUT");
  expect(explainKafkaError(answer)).toBe(answer.message);
});
