import {
  changeOf,
  deploymentOf,
  describeTrigger,
  draftOf,
  isUnchanged,
  languageOfFile,
  problemOfManifest,
  problemOfName,
  withManifest,
  withManifestText,
} from "./draft";

describe("a name", () => {
  it.each(["a", "room-temperature", "9to5", "a".repeat(63)])("%s may be had", (name) => {
    expect(problemOfName(name)).toBeUndefined();
  });
  it.each(["", "-a", "Room", "a_b", "a b", "a".repeat(64)])("%p may not", (name) => {
    expect(problemOfName(name)).toEqual(expect.any(String));
  });
});

describe("a manifest that is being written", () => {
  it.each(["{}", '{"triggers": [{"http": true}, {}]}', '{"limits": "no"}'])("%s is shown", (text) => {
    expect(problemOfManifest(text)).toBeUndefined();
  });
  it.each([
    "",
    "{",
    "null",
    "1",
    "[]",
    '{"triggers": null}',
    '{"triggers": {}}',
    '{"triggers": ["http"]}',
    '{"triggers": [null]}',
  ])("%s is not yet", (text) => {
    expect(problemOfManifest(text)).toEqual(expect.any(String));
  });
});

describe("what is written as the whole manifest", () => {
  const draft = { name: "a", manifest: { handler: "a.b" }, files: {} };

  it("is the manifest once it is one", () => {
    const unfinished = withManifestText(draft, "{");
    expect(unfinished).toEqual({ ...draft, unfinishedManifest: "{" });
    expect(isUnchanged(draft, unfinished)).toBe(false);
    expect(withManifestText(unfinished, "{}")).toEqual({ ...draft, manifest: {} });
  });
  it("gives way to what a field says", () => {
    expect(withManifest(withManifestText(draft, "{"), {})).toEqual({ ...draft, manifest: {} });
  });
});

test("a zip takes the place of the files", () => {
  const draft = { name: "a", manifest: {}, files: { "handler.py": "" } };
  expect(deploymentOf(draft)).toEqual({ manifest: {}, files: { "handler.py": "" } });
  expect(deploymentOf({ ...draft, zip: "UEsF" })).toEqual({ manifest: {}, zip: "UEsF" });
});

describe("a version with a file that is no text", () => {
  const pickled = new TextDecoder().decode(Uint8Array.of(0x80, 0x04, 0x95));
  const first = draftOf("a", { handler: "a.b" }, { "a.py": "b = 1", "model.pkl": pickled });

  it("names it, and has the others as text", () => {
    expect(first).toMatchObject({ files: { "a.py": "b = 1" }, binaries: ["model.pkl"] });
  });
  it("is not sent as files, which would not be what they were", () => {
    const changed = { ...first, manifest: { handler: "a.c" } };
    expect(deploymentOf(changed)).toEqual({ manifest: { handler: "a.c" } });
    expect(changeOf(first, changed)).toEqual({ manifest: { handler: "a.c" } });
  });
  it("is replaced as a whole by what is uploaded", () => {
    const { name, manifest } = first;
    expect(changeOf(first, { name, manifest, files: {}, zip: "UEsF" })).toEqual({ manifest, zip: "UEsF" });
    expect(changeOf(first, { name, manifest, files: { "a.py": "" } })).toEqual({
      manifest,
      files: { "a.py": "" },
    });
  });
});

test("code is sent where it is another, and not where the manifest alone is", () => {
  const first = draftOf("a", {}, { "a.py": "b = 1" });
  expect(changeOf(first, { ...first, files: { "a.py": "b = 2" } })).toEqual({
    manifest: {},
    files: { "a.py": "b = 2" },
  });
  expect(changeOf(first, { ...first, manifest: { class: "premium" } })).toEqual({
    manifest: { class: "premium" },
  });
});

test("a draft is unchanged once all is as it was", () => {
  const first = draftOf("a", { class: 1 }, { "a.py": "b = 1" });
  expect(isUnchanged(first, { ...first, files: { "a.py": "b = 1" } })).toBe(true);
  expect(isUnchanged(first, { ...first, name: "b" })).toBe(false);
  expect(isUnchanged(first, { ...first, files: { "a.py": "b = 2" } })).toBe(false);
  expect(isUnchanged(first, { ...first, manifest: { class: 2 } })).toBe(false);
  expect(isUnchanged(first, { ...first, files: {}, zip: "UEsF" })).toBe(false);
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
