import { expect, test } from "vitest";
import { ruleSchema } from "../src/mapping/rule-schema.ts";
import { loadRules } from "../src/mapping/rules.ts";
import { makeStore, outputOf, sampleLines, textOf } from "./support/mapped.ts";

/** The samples of a document, where others came before it. */
async function samplesAfter(rule: object, ...documents: readonly unknown[]): Promise<string[]> {
  const rules = await loadRules({
    file: "test",
    defaultRules: false,
    rules: [ruleSchema.parse({ help: "h", per: "document", ...rule })],
  });
  const { store } = makeStore({ rules });
  store.describe(outputOf());
  for (const document of documents) store.put("k", { bytes: Buffer.from(JSON.stringify(document)) }, 0);
  return sampleLines(textOf(store));
}

const timed = (format: string): object => ({ path: "x", metric: "m", timestamp: { document: "t", format } });
const info = { type: "info", metric: "v_info", labels: { v: { from: "value" } } };

test.each<[string, object, unknown, unknown]>([
  ["a time that was none", timed("iso"), { t: "pending", x: 1 }, { t: "2026-01-01T00:00:00Z", x: 1 }],
  ["a time that was too far away", timed("seconds"), { t: -1e300, x: 1 }, { t: 1_700_000_000, x: 1 }],
  ["a text that was another's", { ...info, path: "v.{_i}" }, { v: ["x", "x"] }, { v: ["x", "y"] }],
  ["a text that was too long", { ...info, path: "v" }, { v: "a".repeat(2_000) }, { v: "short" }],
])("%s gives its series as soon as it is good", async (_, rule, refused, good) => {
  const fresh = await samplesAfter(rule, good);
  expect(fresh.length).toBeGreaterThan(0);
  expect(await samplesAfter(rule, refused, good)).toEqual(fresh);
});
