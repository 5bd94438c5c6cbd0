import { validate } from "@gaugelet/shared/configuration";
import {
  array,
  assert,
  constantFrom,
  dictionary,
  json,
  jsonValue,
  oneof,
  property,
  string,
} from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { ESCAPING_SCHEMES } from "../src/exposition/names.ts";
import type { Dialect } from "../src/exposition/text.ts";
import { ruleSchema } from "../src/mapping/rule-schema.ts";
import { loadRules } from "../src/mapping/rules.ts";
import { makeStore, outputOf, textOf } from "./support/mapped.ts";
import { parseExposition } from "./support/parse-exposition.ts";

const dialects: Dialect[] = (["text", "openmetrics"] as const).flatMap((format) =>
  ESCAPING_SCHEMES.map((scheme) => ({ format, scheme })),
);

/** Names that meet each other once escaped, and ones with a meaning of their own. */
const name = oneof(
  constantFrom(
    "a",
    "b",
    "a.b",
    "a_b",
    "a!b",
    "a__b",
    "U__a_2E_b",
    "x_total",
    "x_info",
    "__proto__",
    "",
    '"\\\n',
  ),
  constantFrom(
    "process_cpu_seconds_total",
    "gaugelet_exporter_redis_up",
    "gaugelet.exporter.redis.up",
    "é",
    "🚀",
  ),
  string({ unit: "binary" }),
);
const number = constantFrom(0, -0, 1, -1.5, 1e21, 5e-324, 2 ** 53, 1e308);
const document = oneof(
  dictionary(name, oneof(number, jsonValue(), dictionary(name, number), array(number))),
  jsonValue({ stringUnit: "binary", noUnicodeString: false } as object),
);

/** Each kind of rule there is, with names from the data. */
const rules = await loadRules({
  file: "rules",
  rules: validate(
    z.array(ruleSchema),
    [
      { path: "a.{x}", metric: "{x}", help: "Any name.", per: "document" },
      {
        path: "b.{x}",
        metric: "{x}_total",
        help: "Any name.",
        type: "counter",
        nonNumber: "parse",
        null: "count",
      },
      {
        path: "x_info.{x}",
        metric: "of_info",
        type: "info",
        help: "h",
        labels: { v: { from: "value" }, "w.é": "1" },
      },
      {
        path: "{x}.a",
        metric: "ö.{x}",
        help: "UTF-8.",
        duplicate: "sum",
        labels: { "l.m": { document: "{x}.b" } },
      },
      { path: "x_total", metric: "stamped", help: "h", timestamp: { document: "b", format: "milliseconds" } },
      {
        field: "(?P<first>.).*",
        metric: "first_total",
        type: "counter",
        help: "h",
        duplicate: "max",
        missing: "count",
      },
    ],
    "rules",
  ),
});

test("whatever outputs hold, the text is well-formed in every dialect and each series is there once", () => {
  assert(
    property(array(document, { minLength: 1, maxLength: 4 }), (documents) => {
      const { store } = makeStore({ rules, allowList: true });
      for (const key of ["k1", "k2"]) store.describe(outputOf({ key, storedAt: 1 }));
      for (const [index, value] of documents.entries()) {
        store.put(index % 2 === 0 ? "k1" : "k2", { bytes: Buffer.from(JSON.stringify(value)) }, 0);
        for (const dialect of dialects) {
          const end = dialect.format === "text" ? "" : "# EOF\n";
          parseExposition(`${textOf(store, dialect)}${end}`, dialect.format);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("an output's text is the same whether it came by itself or after others", () => {
  assert(
    property(array(document, { minLength: 2, maxLength: 5 }), (documents) => {
      const last = JSON.stringify(documents.at(-1));
      const { store: fresh } = makeStore({ rules: defaults, allowList: true });
      const { store: used } = makeStore({ rules: defaults, allowList: true });
      fresh.describe(outputOf());
      used.describe(outputOf());
      for (const value of documents) used.put("k", { bytes: Buffer.from(JSON.stringify(value)) }, 0);
      fresh.put("k", { bytes: Buffer.from(last) }, 0);
      const withoutCount = (text: string): string => text.replace(/(parse_errors_total\{.*\}) \d+/, "$1");
      expect(withoutCount(textOf(used))).toBe(withoutCount(textOf(fresh)));
    }),
    { numRuns: 300 },
  );
});

const defaults = await loadRules();

test("a document of the same shape gives what a new one would, number by number", () => {
  const shape = dictionary(name, oneof(number, dictionary(name, number), array(number)), { minKeys: 1 });
  assert(
    property(shape, array(number, { minLength: 1 }), (first, numbers) => {
      let at = 0;
      const second = JSON.parse(JSON.stringify(first), (_, value: unknown) =>
        typeof value === "number" ? numbers[at++ % numbers.length] : value,
      );
      const { store: fresh } = makeStore({ rules: defaults });
      const { store: used } = makeStore({ rules: defaults });
      for (const store of [fresh, used]) store.describe(outputOf());
      used.put("k", { bytes: Buffer.from(JSON.stringify(first)) }, 0);
      used.put("k", { bytes: Buffer.from(JSON.stringify(second)) }, 0);
      fresh.put("k", { bytes: Buffer.from(JSON.stringify(second)) }, 0);
      expect(textOf(used)).toBe(textOf(fresh));
    }),
    { numRuns: 300 },
  );
});

test("any text at all as output never throws", () => {
  assert(
    property(oneof(string({ unit: "binary" }), json({ stringUnit: "binary" })), (text) => {
      const { store } = makeStore();
      store.describe(outputOf());
      store.put("k", { bytes: Buffer.from(text) }, 0);
      parseExposition(textOf(store), "text");
    }),
    { numRuns: 300 },
  );
});
