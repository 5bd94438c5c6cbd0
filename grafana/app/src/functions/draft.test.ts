import { deploymentOf, describeTrigger, languageOfFile, problemOfName } from "./draft";

describe("a name", () => {
  it.each(["a", "room-temperature", "9to5", "a".repeat(63)])("%s may be had", (name) => {
    expect(problemOfName(name)).toBeUndefined();
  });
  it.each(["", "-a", "Room", "a_b", "a b", "a".repeat(64)])("%p may not", (name) => {
    expect(problemOfName(name)).toEqual(expect.any(String));
  });
});

test("a zip takes the place of the files", () => {
  const draft = { name: "a", manifest: {}, files: { "handler.py": "" } };
  expect(deploymentOf(draft)).toEqual({ manifest: {}, files: { "handler.py": "" } });
  expect(deploymentOf({ ...draft, zip: "UEsF" })).toEqual({ manifest: {}, zip: "UEsF" });
});

test.each([
  [{ http: true }, "HTTP"],
  [{ topic: "orders", start: "oldest" }, "topic orders"],
  [{ redisKey: "metrics:*" }, "key metrics:*"],
  [{ schedule: "0 8 * * *" }, "schedule 0 8 * * *"],
  [{ prometheus: { query: "up == 0", every: "15s" } }, "query up == 0"],
])("a trigger is told in a few words: %j", (trigger, words) => {
  expect(describeTrigger(trigger)).toBe(words);
});

test.each([
  ["handler.py", "python"],
  ["lib/a.mts", "typescript"],
  ["run.sh", "shell"],
  ["LICENSE", "plaintext"],
])("%s is shown as %s", (path, language) => {
  expect(languageOfFile(path)).toBe(language);
});
