import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { coveringPrefixes, parseKeyPattern } from "../src/redis/glob.ts";

/** Numbers from 0 to below 1, the same at every run (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function randomTexts(count: number, alphabet: readonly string[], longest: number, seed: number): string[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () =>
    Array.from(
      { length: 1 + Math.floor(random() * longest) },
      () => alphabet[Math.floor(random() * alphabet.length)],
    ).join(""),
  );
}

test("a key that was made to be tried in all ways is told apart at once", () => {
  const pattern = parseKeyPattern("*-*-*-*-metrics");
  expect(pattern.match(`${"-".repeat(1_000_000)}x`)).toBeUndefined();
  expect(pattern.match(`${"-".repeat(10)}metrics`)).toBe("::" + ":------");
});

describe("Redis itself matches the same keys", () => {
  let redis: TestRedis;
  let keys: string[];
  beforeAll(async () => {
    redis = await startRedis();
    keys = [
      ...new Set([
        ...randomTexts(1500, ["a", "b", "c", "-", "]"], 5, 1),
        ...randomTexts(1500, ["a", "é", "😀", "[", "]", "^", "\\", "*", "?", "-", "\n"], 4, 2),
      ]),
    ];
    await redis.client.mset(Object.fromEntries(keys.map((key) => [key, ""])));
  });
  afterAll(() => redis.stop());

  async function compare(patterns: readonly string[]): Promise<void> {
    const pipeline = redis.client.pipeline();
    for (const pattern of patterns) pipeline.keys(pattern);
    const answers = (await pipeline.exec()) ?? [];
    expect(answers).toHaveLength(patterns.length);
    for (const [index, text] of patterns.entries()) {
      const [error, theirs] = answers[index] ?? [];
      expect(error).toBeNull();
      const pattern = parseKeyPattern(text);
      const ours = keys.filter((key) => pattern.match(key) !== undefined);
      expect({ pattern: text, keys: ours.sort() }).toEqual({
        pattern: text,
        keys: (theirs as string[]).sort(),
      });
      expect(ours.every((key) => key.startsWith(pattern.prefix))).toBe(true);
      if (pattern.isLiteral) expect(ours.every((key) => key === pattern.prefix)).toBe(true);
    }
  }

  test("for patterns of wildcards", () => compare(randomTexts(1500, ["a", "b", "c", "*", "?"], 6, 3)));

  test("for patterns of sets", () =>
    compare(randomTexts(2500, ["a", "b", "c", "[", "[", "]", "^", "-", "\\", "*"], 8, 4)));

  // Without ranges: those beyond ASCII depend on whether the processor's bytes have a sign.
  test("for patterns of any characters", () =>
    compare(randomTexts(2500, ["a", "c", "é", "😀", "[", "]", "^", "\\", "*", "?", "\n"], 6, 5)));

  test("for patterns that look odd", () =>
    compare(
      String.raw`[ [] [^] [^ [a [a- [a-] [a-]] [-a] [z-a] [c-a]b []a] [^]a] [[] \ a\ \* \\ [\ [\]] [a\-c] [\a-c]
        ** ***a *?* ?*? [?] [*] é ?? ???? *é* [é]? [^a] [^a-c]* (a|b) a+ a.c {a,b} $ ^a`.split(/\s+/),
    ));
});

describe("the matched part of a key", () => {
  test.each([
    ["metrics:*", "metrics:node-1", "node-1"],
    ["metrics:*", "metrics:", ""],
    ["metrics:*", "metrics:a:b", "a:b"],
    ["metrics:*", "metric:a", undefined],
    ["metrics:*", "xmetrics:a", undefined],
    ["*:metrics", "a:metrics", "a"],
    ["*:cpu:*", "n1:cpu:0", "n1:0"],
    ["*:*", "a:b:c", "a:b:c"],
    ["cpu?", "cpu7", "7"],
    ["cpu[0-3]:*", "cpu2:x", "2:x"],
    ["cpu[^0]", "cpu0", undefined],
    ["metrics", "metrics", ""],
    ["metrics", "metrics2", undefined],
    ["a\\*b", "a*b", ""],
    ["größe:*", "größe:日本", "日本"],
    ["*ß*", "größe", "grö:e"],
    ["a:*", "a:line\nbreak", "line\nbreak"],
    ["*", "", ""],
  ])("that %j finds in %j is %j", (pattern, key, part) => {
    expect(parseKeyPattern(pattern).match(key)).toBe(part);
  });
});

describe("what a pattern says of itself", () => {
  test.each([
    ["metrics", true, "metrics"],
    ["metrics:*", false, "metrics:"],
    ["*", false, ""],
    ["a?c", false, "a"],
    ["a[b]c", false, "a"],
    ["a\\*c", true, "a*c"],
    ["a\\*c*", false, "a*c"],
    ["a\\", true, "a\\"],
    ["größe😀*", false, "größe😀"],
    ["", true, ""],
    ["(.+)$", true, "(.+)$"],
  ])("%j: literal %j, prefix %j", (text, isLiteral, prefix) => {
    expect(parseKeyPattern(text)).toMatchObject({ text, isLiteral, prefix });
  });
});

describe("the prefixes that cover several patterns", () => {
  test.each([
    [["metrics"], ["metrics"]],
    [["metrics", "metrics:*"], ["metrics"]],
    [
      ["b*", "a*", "ab", "bc?"],
      ["a", "b"],
    ],
    [["a", "a"], ["a"]],
    [["a", "*", "b"], [""]],
    [
      ["ab", "ac", "a\\*"],
      ["a*", "ab", "ac"],
    ],
    [[], []],
  ])("%j are %j", (patterns, prefixes) => {
    expect(coveringPrefixes(patterns.map(parseKeyPattern))).toEqual(prefixes);
  });

  test("are taken by Redis, which refuses those that overlap", async () => {
    const redis = await startRedis();
    try {
      const texts = randomTexts(60, ["a", "b", "é", "*", "?"], 5, 6).filter((text) => !text.startsWith("*"));
      const prefixes = coveringPrefixes(texts.map(parseKeyPattern)).filter((prefix) => prefix !== "");
      const id = String(await redis.client.client("ID"));
      const options = prefixes.flatMap((prefix) => ["PREFIX", prefix]);
      const tracking = ["TRACKING", "ON", "REDIRECT", id, "BCAST", ...options];
      expect(await redis.client.call("CLIENT", ...tracking)).toBe("OK");
    } finally {
      await redis.stop();
    }
  });
});
