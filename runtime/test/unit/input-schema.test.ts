import { ConfigurationError } from "@gaugelet/shared/configuration";
import { describe, expect, test } from "vitest";
import { compileInputSchema } from "../../src/configuration/input-schema.ts";
import { useConfigurationFolder } from "./configuration-folder.ts";

const folder = useConfigurationFolder();

const MANIFEST = "name: a, handler: m.h, triggers: [{ http: true }]";

/** The schema, and what is said of it. */
const invalid: [string, string][] = [
  ["{ type: objekt }", "/type must be equal to one of the allowed values"],
  ["{ properties: { n: { minimum: '3' } } }", "/properties/n/minimum must be number"],
  ["{ required: n }", "/required must be array"],
  ["{ propertees: {} }", 'unknown keyword: "propertees"'],
  ["{ properties: { n: { typ: number } } }", 'unknown keyword: "typ"'],
  ["{ pattern: '(' }", "Invalid regular expression: /(/u: Unterminated group"],
  ["{ $ref: '#/$defs/none' }", "can't resolve reference #/$defs/none from id #"],
  ["{ $ref: 'http://127.0.0.1:1/schema' }", "can't resolve reference http://127.0.0.1:1/schema from id #"],
  ["{ $schema: 'http://example.org/' }", 'no schema with key or ref "http://example.org/"'],
  ["{ $async: true }", 'unknown keyword: "$async"'],
];

test.each(invalid)("the schema %s is an error in the manifest, with its place", async (schema, message) => {
  await expect(folder.read(`functions: [{ ${MANIFEST}, input: ${schema} }]`)).rejects.toThrow(
    new ConfigurationError(`FOLDER/gaugelet.yaml: functions[0]: input: expected a JSON Schema: ${message}`),
  );
});

test.each(["text", "5", "[]"])("%s is no schema", async (schema) => {
  await expect(folder.read(`functions: [{ ${MANIFEST}, input: ${schema} }]`)).rejects.toThrow(
    /^FOLDER\/gaugelet\.yaml: functions\[0\]: input: expected a JSON Schema: an object or a boolean \(found /,
  );
});

describe("an event", () => {
  const check = async (schema: object | boolean, event: unknown) =>
    (await compileInputSchema(schema as Record<string, unknown>, "a")).checkAll(event);

  test("is checked, and every place that fails is told", async () => {
    const schema = {
      type: "object",
      required: ["n"],
      properties: { n: { type: "number" }, "a/b": { items: { enum: [1, 2] } } },
      additionalProperties: false,
    };
    expect(await check(schema, { n: 1, "a/b": [1, 2] })).toEqual([]);
    expect(await check(schema, { "a/b": [1, 3], more: 1 })).toEqual([
      { pointer: "", message: "must have required property 'n'" },
      { pointer: "", message: 'must NOT have additional properties: "more"' },
      { pointer: "/a~1b/1", message: "must be equal to one of the allowed values: [1,2]" },
    ]);
    const first = (await compileInputSchema(schema, "a")).check({ "a/b": [1, 3], more: 1 });
    expect(first).toHaveLength(1);
  });

  test("is not changed by its check", async () => {
    const event = { n: "5" };
    const schema = { properties: { n: { type: "number" }, m: { default: 1 } } };
    expect(await check(schema, event)).toHaveLength(1);
    expect(event).toEqual({ n: "5" });
  });

  test("is read by draft 2020-12, and by draft 7 where the schema says so", async () => {
    const event = { pair: ["x"] };
    const properties = { pair: { prefixItems: [{ type: "number" }] } };
    expect(await check({ properties }, event)).toHaveLength(1);
    const draft = "http://json-schema.org/draft-07/schema#";
    const old = { $schema: draft, properties: { pair: { items: [{ type: "number" }] } } };
    expect(await check(old, event)).toHaveLength(1);
    await expect(check({ $schema: draft, properties }, event)).rejects.toThrow("prefixItems");
  });

  test("may be anything, or nothing, with a schema of one word", async () => {
    expect(await check(true, { n: 1 })).toEqual([]);
    expect(await check(false, { n: 1 })).toEqual([{ pointer: "", message: "boolean schema is false" }]);
  });

  test("is not checked for a format, which only describes", async () => {
    expect(await check({ properties: { at: { format: "date-time" } } }, { at: "now" })).toEqual([]);
  });
});
