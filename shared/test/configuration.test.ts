import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { ConfigurationError, readYaml, validate } from "../src/configuration.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-yaml-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(content: string | Buffer): Promise<unknown> {
  const file = join(folder, "some.yaml");
  await writeFile(file, content);
  return readYaml(file);
}

describe("a YAML file", () => {
  test.each([
    ["a: 1\nb: [x, 'y']\n", { a: 1, b: ["x", "y"] }],
    ['{"a": {"b": null}}', { a: { b: null } }],
    ["a: &x { b: 1 }\nc: *x\n", { a: { b: 1 }, c: { b: 1 } }],
    ["größe: 😀\r\n", { größe: "😀" }],
    ["\ufeffa: 1", { a: 1 }],
    ["5", 5],
    ["text", "text"],
    ["", null],
    ["  \n# only a comment\n\n", null],
    ["null", null],
    ["---\n", null],
  ])("%j is read", async (text, value) => {
    expect(await read(text)).toEqual(value);
  });

  test.each([
    ["a: [1, 2", "1:9", "unexpected end of the stream within a flow collection"],
    ["a: 1\n\tb: 2", "2:1", "tab"],
    ["a: 1\nb: 2\na: 3\n", "3:1", "duplicated mapping key"],
    ["a: *unknown", "1:", "unidentified alias"],
    ["a: 'open\n", "2:1", "deficient indentation"],
    ["a: b: c", "1:", ""],
    ["a: !!js/function x", "1:4", "unknown scalar tag"],
    ["a: 1\n---\nb: 2\n", "", "a single document"],
  ])("%j is refused with the line and the column", async (text, place, reason) => {
    const error: unknown = await read(text).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigurationError);
    const { message } = error as Error;
    expect(message.startsWith(`${folder}/some.yaml:${place}`)).toBe(true);
    expect(message).toContain(": not valid YAML: ");
    expect(message).toContain(reason);
    expect(message).not.toContain("\n");
  });

  test("that cannot be read is named", async () => {
    await expect(readYaml(join(folder, "missing.yaml"))).rejects.toThrow(
      new ConfigurationError(
        `${folder}/missing.yaml: cannot be read: ENOENT: no such file or directory, open '${folder}/missing.yaml'`,
      ),
    );
    await expect(readYaml(folder)).rejects.toThrow(`${folder}: cannot be read: EISDIR`);
  });
});

describe("a value that does not fit its schema", () => {
  const schema = z.strictObject({
    list: z.array(z.object({ count: z.number("expected a number") })).optional(),
    size: z.string().max(3, "expected at most 3 characters").optional(),
  });

  function problems(value: unknown): string {
    try {
      validate(schema, value, "file.yaml");
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigurationError);
      return (error as Error).message;
    }
    throw new Error("it fits");
  }

  test.each([
    [{ list: [{ count: 1 }, { count: "x" }] }, 'file.yaml: list[1].count: expected a number (found "x")'],
    [{ list: [{}] }, "file.yaml: list[0].count: expected a number (found nothing)"],
    [{ list: [{ count: null }] }, "file.yaml: list[0].count: expected a number (found null)"],
    [{ list: [null] }, "file.yaml: list[0]: Invalid input: expected object, received null (found null)"],
    [{ other: 1 }, 'file.yaml: unknown field "other"'],
    [null, "file.yaml: Invalid input: expected object, received null (found null)"],
    [undefined, "file.yaml: Invalid input: expected object, received undefined (found nothing)"],
    [{ size: "x".repeat(100) }, `file.yaml: size: expected at most 3 characters (found "${"x".repeat(56)}…)`],
  ])("%j is told by its place, with what was expected and found", (value, message) => {
    expect(problems(value)).toBe(message);
  });

  test.each([
    [{ lits: [] }, 'file.yaml: unknown field "lits"; did you mean "list"?'],
    [{ Size: "a", siez: "b" }, 'file.yaml: unknown fields "Size", "siez"; did you mean "size", "size"?'],
    [{ length: 1 }, 'file.yaml: unknown field "length"'],
    [
      { deep: { byName: { a: { conut: 1 } } } },
      'file.yaml: deep.byName.a: unknown field "conut"; did you mean "count"?',
    ],
  ])("%j: a misspelt field is told with the one that was meant, and once", (value, message) => {
    const deep = z.strictObject({ byName: z.record(z.string(), z.strictObject({ count: z.number() })) });
    const all = schema.extend({
      deep: z
        .preprocess((inner) => inner, deep)
        .nullable()
        .optional(),
    });
    expect(() => validate(all, value, "file.yaml")).toThrow(new ConfigurationError(message));
  });

  test("of a field whose name says that it is a secret, only the type", () => {
    const secret = z.strictObject({ password: z.string(), passwordFile: z.string(), inner: z.string() });
    const value = {
      password: 12345,
      passwordFile: 6,
      inner: { apiKey: "hunter2", list: [{ Token: "hunter2" }] },
    };
    expect(() => validate(secret, value, "f")).toThrow(
      new ConfigurationError(
        [
          "f: password: Invalid input: expected string, received number (found a number, which is not shown)",
          "f: passwordFile: Invalid input: expected string, received number (found 6)",
          'f: inner: Invalid input: expected string, received object (found {"apiKey":"…","list":[{"Token":"…"}]})',
        ].join("\n"),
      ),
    );
  });

  test("has a line for each problem", () => {
    expect(problems({ list: [{}, {}], size: "long" }).split("\n")).toEqual([
      "file.yaml: list[0].count: expected a number (found nothing)",
      "file.yaml: list[1].count: expected a number (found nothing)",
      'file.yaml: size: expected at most 3 characters (found "long")',
    ]);
  });
});

test("a value that fits is given out as the schema makes it", () => {
  const schema = z.object({ a: z.coerce.number().default(5) });
  expect(validate(schema, { a: "7" }, "x")).toEqual({ a: 7 });
  expect(validate(schema, {}, "x")).toEqual({ a: 5 });
});
