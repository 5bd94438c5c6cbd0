import { expect, test } from "vitest";
import type { FunctionDefinition } from "../../src/configuration/manifest.ts";
import { isForeignKey } from "../../src/dispatcher/foreign-key.ts";

const STORED: FunctionDefinition["source"] = { kind: "stored", digest: "d", version: 1 };
const FILE: FunctionDefinition["source"] = { kind: "path", path: "/f.py" };

test.each<[outputKey: string, pattern: string, source: FunctionDefinition["source"], isForeign: boolean]>([
  ["gaugelet:output:f", "gaugelet:output:f", STORED, false],
  ["gaugelet:output:f:shard", "gaugelet:output:f:{shard}", STORED, false],
  ["usage", "usage", STORED, false],
  ["gaugelet:outputs", "{shard}", FILE, true],
  ["gaugelet:output:other", "{shard}", FILE, true],
  // Of a key such as gaugelet{node}:output:other, on a node without a name.
  ["gaugelet:output:other", "gaugelet:output:other", STORED, true],
  ["gaugelet:output:f-2", "gaugelet:output:f-2", STORED, true],
  ["gaugelet:output:other", "gaugelet:output:other", FILE, false],
])("whether a function f may store at %s by its key %s", (outputKey, pattern, source, isForeign) => {
  expect(isForeignKey(outputKey, { name: "f", outputKey: pattern, source })).toBe(isForeign);
});
