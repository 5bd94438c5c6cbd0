import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConfiguration } from "../src/configuration.ts";
import { readEnvironment } from "../src/environment.ts";
import { loadRules } from "../src/mapping/rules.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-exporter-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Read a configuration as the exporter does, with the file's name replaced in errors. */
async function load(yaml: string): Promise<unknown> {
  const file = join(folder, "exporter.yaml");
  await writeFile(file, yaml);
  try {
    return await loadRules({ file, ...(await readConfiguration(file)) });
  } catch (error) {
    throw new Error((error as Error).message.replaceAll(file, "FILE"), { cause: error });
  }
}

const rule = (text: string): string => `rules: [{ ${text} }]`;

test.each([
  ["outputs: [", "FILE:1:11: not valid YAML: unexpected end of the stream within a flow collection"],
  ["keys: []", 'FILE: unknown field "keys"'],
  ["[]", "FILE: Invalid input: expected object, received array (found [])"],
  [
    "outputs: [{}]",
    "FILE: outputs[0].key: Invalid input: expected string, received undefined (found nothing)",
  ],
  [
    "outputs: [{ key: a, staleAfter: 60 }]",
    "FILE: outputs[0].staleAfter: Invalid input: expected string, received number (found 60)",
  ],
  [
    "outputs: [{ key: a, staleAfter: 0s }]",
    'FILE: outputs[0].staleAfter: expected a duration above 0 and up to 24d with its unit, such as 250ms, 5s or 1m30s (found "0s")',
  ],
  [
    rule("metric: m, help: h"),
    "FILE: rules[0].field: expected a regular expression, or a list of them (found nothing)",
  ],
  [
    rule("field: [], metric: m, help: h"),
    "FILE: rules[0].field: expected a regular expression, or a list of them (found [])",
  ],
  [
    rule("field: '(', metric: m, help: h"),
    'FILE: rules[0].field: Invalid regular expression: /(/su: Unterminated group (found "(")',
  ],
  [
    rule("field: [a, 'a)|(b'], metric: m, help: h"),
    "FILE: rules[0].field[1]: Invalid regular expression: /a)|(b/su: Unmatched ')' (found \"a)|(b\")",
  ],
  [
    rule("field: '(?<größe>a)', metric: m, help: h"),
    'FILE: rules[0].field: größe is no label name: letters, digits and _, and not __ at the start (found "(?<größe>a)")',
  ],
  [
    rule("field: '(?<host>a)', metric: m, help: h"),
    'FILE: rules[0].field: the label host says where a series is from; a rule cannot set it (found "(?<host>a)")',
  ],
  [
    rule("field: a, metric: m, help: h, labels: { __a: b }"),
    'FILE: rules[0].labels: __a is no label name: letters, digits and _, and not __ at the start (found {"__a":"b"})',
  ],
  [
    rule("field: a, metric: m, help: h, labels: { a: 1 }"),
    "FILE: rules[0].labels.a: Invalid input: expected string, received number (found 1)",
  ],
  [
    rule("field: a, metric: a-b, help: h"),
    'FILE: rules[0].metric: expected a metric name: letters, digits, _ and : (found "a-b")',
  ],
  [
    rule("field: a, metric: gaugelet_exporter_x, help: h"),
    'FILE: rules[0].metric: this name belongs to the exporter\'s own metrics (found "gaugelet_exporter_x")',
  ],
  [
    rule("field: a, metric: gaugelet_output_timestamp_seconds, help: h"),
    'FILE: rules[0].metric: this name belongs to the exporter\'s own metrics (found "gaugelet_output_timestamp_seconds")',
  ],
  [
    rule("field: a, metric: m, help: h, type: counter"),
    'FILE: rules[0].metric: the name of a counter ends in _total (found "m")',
  ],
  [
    rule("field: a, metric: m, help: h, type: histogram"),
    'FILE: rules[0].type: Invalid option: expected one of "gauge"|"counter" (found "histogram")',
  ],
  [
    rule("field: a, metric: m, help: h, scale: 0"),
    "FILE: rules[0].scale: Too small: expected number to be >0 (found 0)",
  ],
  [rule("field: a"), 'FILE: rules[0]: expected either metric, or action: drop (found {"field":"a"})'],
  [
    rule("field: a, metric: m, action: drop"),
    'FILE: rules[0]: expected either metric, or action: drop (found {"field":"a","metric":"m","action":"drop"})',
  ],
  [rule("field: a, metric: m"), "FILE: rules[0].help: expected a description of m, as no other rule has one"],
  [
    "rules: [{ field: a, metric: m_total, type: gauge, help: h }, { field: b, metric: m_total, type: counter }]",
    "FILE: rules[1].type: m_total is a gauge in another rule (found counter)",
  ],
  [
    rule("field: a, metric: gaugelet_memory_cache_ratio, help: Mine."),
    'FILE: rules[0].help: another rule describes gaugelet_memory_cache_ratio as "Share of the memory that caches file content."; leave help out here',
  ],
])("%s", async (yaml, message) => {
  await expect(load(yaml)).rejects.toThrow(new Error(message));
});

test("several problems are told at once, one per line", async () => {
  await expect(load("outputs: [{ key: a, x: 1 }]\nrules: [{ field: '(' }]")).rejects.toThrow(
    /^FILE: outputs\[0\].*\nFILE: rules\[0\]\.field.*$/,
  );
});

test("a file that is not there", async () => {
  await expect(readConfiguration("/nowhere/exporter.yaml")).rejects.toThrow(
    "/nowhere/exporter.yaml: cannot be read: ENOENT",
  );
});

test.each(["", "# nothing yet\n", "{}", "null", "outputs: []"])(
  "%s is a configuration without anything",
  async (yaml) => {
    const file = join(folder, "empty.yaml");
    await writeFile(file, yaml);
    expect(await readConfiguration(file)).toEqual({ outputs: [], rules: [] });
  },
);

test.each([
  [{ GAUGELET_EXPORTER_PORT: "70000" }, "environment: GAUGELET_EXPORTER_PORT: Too big"],
  [{ GAUGELET_EXPORTER_PORT: "http" }, "environment: GAUGELET_EXPORTER_PORT: Invalid input: expected number"],
  [{ GAUGELET_LOG_LEVEL: "loud" }, "environment: GAUGELET_LOG_LEVEL: Invalid option"],
  [{ REDIS_PORT: "0" }, "environment: REDIS_PORT: Too small"],
])("environment %j", (environment, message) => {
  expect(() => readEnvironment(environment)).toThrow(message);
});

test("the environment's defaults, which empty variables keep", () => {
  const { outputs, ...rest } = readEnvironment({
    GAUGELET_EXPORTER_PORT: "",
    GAUGELET_EXPORTER_CONFIG: "",
    GAUGELET_EXPORTER_KEYS: " a , ,*-b,",
  });
  expect(rest).toEqual({
    redis: { host: "127.0.0.1", port: 6379, username: undefined, password: undefined, db: 0 },
    address: "127.0.0.1",
    port: 9420,
    configurationFile: undefined,
    logLevel: "info",
  });
  expect(outputs.map(({ pattern }) => pattern.text)).toEqual(["a", "*-b"]);
});
