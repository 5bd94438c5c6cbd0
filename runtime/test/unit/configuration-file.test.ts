import { ConfigurationError } from "@gaugelet/shared/configuration";
import { expect, test } from "vitest";
import { useConfigurationFolder } from "./configuration-folder.ts";

const folder = useConfigurationFolder();

const TRIGGERS = "triggers: [{ schedule: 5s }]";

test.each([
  ["", "expected an object with functions: (found null)"],
  ["# a comment\n", "expected an object with functions: (found null)"],
  ["text", 'expected an object with functions: (found "text")'],
  ["- 1", "expected an object with functions: (found [1])"],
  ["functions: {}", "functions: Invalid input: expected array, received object (found {})"],
  ["functions: ['']", 'functions[0]: Too small: expected string to have >=1 characters (found "")'],
])("%j is no configuration", async (yaml, message) => {
  await expect(folder.read(yaml)).rejects.toThrow(new ConfigurationError(`FOLDER/gaugelet.yaml: ${message}`));
});

test.each([
  ["functions: [", "1:13: not valid YAML: unexpected end of the stream within a flow collection"],
  ["functions:\n\t- a", "2:1: not valid YAML: tab characters must not be used in indentation"],
  ["functions: [a]\nfunctions: [b]", "2:1: not valid YAML: duplicated mapping key"],
])("%j is no YAML, which is told with the line and the column", async (yaml, message) => {
  await expect(folder.read(yaml)).rejects.toThrow(new ConfigurationError(`FOLDER/gaugelet.yaml:${message}`));
});

test("a field that does not exist is named", async () => {
  await expect(folder.read("functions: [a]\nplugins: []")).rejects.toThrow(
    /^FOLDER\/gaugelet\.yaml: unknown field "plugins"/,
  );
});

test("a function may be a folder, a file or written out, in the order of the list", async () => {
  await folder.write("one/function.yaml", `{ name: one, handler: m.h, ${TRIGGERS} }`);
  await folder.write("more/two.yaml", `{ name: two, handler: m.h, source: code, ${TRIGGERS} }`);
  const definitions = await folder.read(
    `functions: [./one, { name: three, handler: m.h, ${TRIGGERS} }, more/two.yaml]`,
  );
  expect(definitions.map(({ name, source }) => [name, source])).toEqual([
    ["one", { kind: "path", path: `${folder.path}/one` }],
    ["three", { kind: "path", path: folder.path }],
    ["two", { kind: "path", path: `${folder.path}/more/code` }],
  ]);
});

test("an error in a function's own file names that file", async () => {
  await folder.write("one/function.yaml", "{ name: one }");
  await expect(folder.read("functions: [one]")).rejects.toThrow(
    /^FOLDER\/one\/function\.yaml: handler: expected module\.attribute, .* \(found nothing\)$/m,
  );
  await folder.write("one/function.yaml", "name: one\nhandler: [");
  await expect(folder.read("functions: [one]")).rejects.toThrow(
    /^FOLDER\/one\/function\.yaml:2:11: not valid YAML/,
  );
});

test("a function that is not there is named by its path", async () => {
  await expect(folder.read("functions: [missing]")).rejects.toThrow(
    /^FOLDER\/missing: cannot be read: ENOENT/,
  );
  await folder.write("empty/README.md", "");
  await expect(folder.read("functions: [empty]")).rejects.toThrow(
    /^FOLDER\/empty\/function\.yaml: cannot be read: ENOENT/,
  );
});

test("two functions cannot have the same name", async () => {
  await folder.write("one/function.yaml", `{ name: a, handler: m.h, ${TRIGGERS} }`);
  await expect(folder.read(`functions: [one, { name: b, handler: m.h, ${TRIGGERS} }, one]`)).rejects.toThrow(
    new ConfigurationError('FOLDER/gaugelet.yaml: two functions have the name "a"'),
  );
});

test.each([
  ["both say it", "x", "x", undefined],
  ["one says the other's default", "gaugelet:output:b", undefined, undefined],
  ["it is the same without a node's name", "x:{node}", "x", undefined],
  ["it is the same with the node's name", "x:{node}", "x:n1", "n1"],
])("two functions cannot have the same output key: %s", async (_, first, second, node) => {
  const [a, b] = [first, second].map((key, index) => {
    const output = key === undefined ? "" : `, output: { key: "${key}" }`;
    return `{ name: ${"ab"[index]}, handler: m.h, ${TRIGGERS}${output} }`;
  });
  await expect(folder.read(`functions: [${a}, ${b}]`, { nodeName: node })).rejects.toThrow(
    /^FOLDER\/gaugelet\.yaml: two functions have the output key "[^"]+"$/,
  );
});

test.each([
  ["sandbox", "process"],
  ["microvm", "sandbox"],
] as const)("less isolation than the operator's minimum, %s, is refused: %s", async (minimum, level) => {
  await folder.write("one/function.yaml", `{ name: a, handler: m.h, ${TRIGGERS}, isolation: ${level} }`);
  await expect(folder.read("functions: [one]", { minimumIsolation: minimum })).rejects.toThrow(
    new ConfigurationError(
      `FOLDER/one/function.yaml: isolation: expected at least ${minimum}, which GAUGELET_MINIMUM_ISOLATION ` +
        `demands (found "${level}"); leave the field out to get that level`,
    ),
  );
});
