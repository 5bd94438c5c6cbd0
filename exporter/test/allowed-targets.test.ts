import { expect, test } from "vitest";
import { parseTargetPattern } from "../src/probe/allowed-targets.ts";

test.each([
  ["redis://10.0.0.*:6379", "redis://10.0.0.7", true],
  ["redis://10.0.0.*:6379", "redis://10.0.0.1.evil.example:6379", false],
  ["redis://10.0.0.*:6379", "redis://10.0.0.evil:6379", false],
  ["redis://*.example.org", "redis://cache.example.org", true],
  ["redis://*.example.org", "redis://cache.evil.example.org", false],
  ["redis://cache-*.example.org", "redis://cache-1.example.org/3", true],
  ["redis://cache-*.example.org", "redis://cache-1.evil.org", false],
  ["redis://*:*", "redis://a.b.c:7000", true],
  ["https://status.example.org", "https://status.example.org/", true],
  ["https://status.example.org", "https://status.example.org/?x=1", false],
  ["https://status.example.org/*.json", "https://status.example.org/a/b.json", true],
  ["https://status.example.org/*.json", "https://status.example.org/admin/delete?x=.json", false],
  ["https://status.example.org/*.json?*", "https://status.example.org/a.json?x=1", true],
  ["https://status.example.org/public/*", "https://status.example.org/public/..%2fadmin", false],
  ["https://status.example.org/a*b*b", "https://status.example.org/ab", false],
  ["https://status.example.org/a*b*b", "https://status.example.org/abb", true],
])("%s allows %s: %s", (pattern, url, isAllowed) => {
  expect(parseTargetPattern(pattern)?.matches(new URL(url))).toBe(isAllowed);
});

test("an address made to be tried in all ways is refused like any other", () => {
  const pattern = parseTargetPattern(`https://x/${"*/".repeat(200)}s.json`);
  expect(pattern?.matches(new URL(`https://x/${"/".repeat(1_900)}x`))).toBe(false);
});
