import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NO_CONFIGURATION, readConfiguration } from "../src/configuration.ts";
import { readEnvironment } from "../src/environment.ts";
import { loadConfiguration } from "../src/exporter.ts";

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
    return await loadConfiguration(file);
  } catch (error) {
    throw new Error((error as Error).message.replaceAll(file, "FILE"), { cause: error });
  }
}

test.each(["", "defaultRules: false\n"])(
  "a copy of the default rules is a configuration (%j)",
  async (more) => {
    const rules = await readFile(new URL("../src/mapping/default-rules.yaml", import.meta.url), "utf8");
    const { rules: read } = (await load(more + rules)) as { rules: readonly unknown[] };
    expect(read.length).toBeGreaterThan(20);
  },
);

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
    "FILE: outputs[0].staleAfter: expected a duration with its unit: write 60s (found 60)",
  ],
  [
    "outputs: [{ key: a, staleAfter: 0s }]",
    'FILE: outputs[0].staleAfter: expected a duration above 0 and up to 24d with its unit, such as 250ms, 5s or 1m30s (found "0s")',
  ],
  [
    rule("metric: m, help: h"),
    'FILE: rules[0]: expected either field, a regular expression, or path (found {"metric":"m","help":"h"})',
  ],
  [
    rule("field: [], metric: m, help: h"),
    "FILE: rules[0].field: expected a regular expression, or a list of them (found [])",
  ],
  [
    rule("field: '(', metric: m, help: h"),
    'FILE: rules[0].field: error parsing regexp: missing closing ): `(` (found "(")',
  ],
  [
    rule("field: [a, 'a)|(b'], metric: m, help: h"),
    'FILE: rules[0].field[1]: error parsing regexp: unexpected ): `a)|(b` (found "a)|(b")',
  ],
  [
    rule("field: '(?<größe>a)', metric: m, help: h"),
    'FILE: rules[0].field: error parsing regexp: invalid named capture: `(?<größe>` (found "(?<größe>a)")',
  ],
  [
    rule("field: 'a(?=b)', metric: m, help: h"),
    'FILE: rules[0].field: error parsing regexp: invalid or unsupported Perl syntax: `(?=` (found "a(?=b)")',
  ],
  [
    rule("field: '(a)\\1', metric: m, help: h"),
    'FILE: rules[0].field: error parsing regexp: invalid escape sequence: `\\1` (found "(a)\\\\1")',
  ],
  [
    rule("field: a, path: b, metric: m, help: h"),
    'FILE: rules[0]: expected either field, a regular expression, or path (found {"field":"a","path":"b","metric":"m","help":"h"})',
  ],
  [
    rule("path: 'a.b*', metric: m, help: h"),
    'FILE: rules[0].path: expected * or {name} for a whole part, such as disks.{disk}.used (in a.b*) (found "a.b*")',
  ],
  [
    rule("path: $.a.b, metric: m, help: h"),
    'FILE: rules[0].path: paths have no $: write a.b (found "$.a.b")',
  ],
  [
    rule("path: \"$['a'][0].b[*]\", metric: m, help: h"),
    "FILE: rules[0].path: paths have no $: write a.0.b.* (found \"$['a'][0].b[*]\")",
  ],
  [
    rule("path: a, metric: m, help: h, timestamp: { document: $.t, format: iso }"),
    'FILE: rules[0].timestamp.document: paths have no $: write t (found "$.t")',
  ],
  [
    rule("path: '{a}.{a}', metric: m, help: h"),
    'FILE: rules[0].path: a name occurs twice (in {a}.{a}) (found "{a}.{a}")',
  ],
  [
    rule("path: a, metric: 'm_{x}', help: h"),
    'FILE: rules[0].metric: no pattern of this rule has a group x (found "m_{x}")',
  ],
  [
    rule("path: a, metric: m, help: h, labels: { b: { document: 'x.{y}' } }"),
    'FILE: rules[0].labels.b: no pattern of this rule has a group y (found {"document":"x.{y}"})',
  ],
  [
    rule("path: a, metric: m, help: h, labels: { b: { from: value } }"),
    'FILE: rules[0].labels: the value can only be a label of an info metric (type: info) (found {"b":{"from":"value"}})',
  ],
  [
    rule("path: '*', metric: m, help: h, missing: 0"),
    "FILE: rules[0].missing: a number needs a field or path without wildcards (found 0)",
  ],
  [
    rule("path: a, metric: m_seconds, unit: bytes, help: h"),
    'FILE: rules[0].metric: the name of a metric in bytes ends in _bytes (found "m_seconds")',
  ],
  [
    rule("path: a, metric: m, type: info, help: h"),
    'FILE: rules[0].metric: the name of an info metric ends in _info (found "m")',
  ],
  [
    "rules: [{ path: a, metric: m.x, help: h }, { path: b, metric: m_x, help: h }]",
    "FILE: rules[1].metric: m.x and m_x have the same name in some format; rename one",
  ],
  [
    "rules: [{ path: a, metric: m_total, type: counter, help: h }, { path: b, metric: m, help: h }]",
    "FILE: rules[1].metric: m_total and m have the same name in some format; rename one",
  ],
  [
    "rules: [{ path: a, metric: m, help: h, labels: { a.b: x } }, { path: b, metric: n, help: h, labels: { a_b: x } }]",
    "FILE: rules[1]: the labels a.b and a_b are the same once escaped",
  ],
  [
    "rules: [{ path: a, metric: m_bytes, unit: bytes, help: h }, { path: b, metric: m_bytes, unit: m_bytes }]",
    'FILE: rules[1].metric: the name of a metric in m_bytes ends in _m_bytes (found "m_bytes")',
  ],
  [
    "rules: &r [{ path: a, labels: *r }]",
    "FILE: a value contains itself, by an anchor (&) and an alias (*) of YAML",
  ],
  ["limits: { series: 0 }", "FILE: limits.series: Too small: expected number to be >0 (found 0)"],
  [
    "limits: { outputBytes: 1Ti }",
    'FILE: limits.outputBytes: expected a size above 0, such as 512, 64Ki or 16Mi (found "1Ti")',
  ],
  [
    "targets: [ftp://example.org]",
    'FILE: targets[0].url: expected an address with redis:, rediss:, http: or https:, such as redis://*.example.org:6379 or https://example.org/status/* (found "ftp://example.org")',
  ],
  [
    "targets: [{ url: redis://a, password: a, passwordFile: b }]",
    "FILE: targets[0]: expected either password or passwordFile",
  ],
  [
    "modules: { a: { rules: [{ path: a }] } }",
    'FILE: modules.a.rules[0]: expected either metric, or action: drop (found {"path":"a"})',
  ],
  [
    rule("field: '(?<host>a)', metric: m, help: h"),
    'FILE: rules[0].field: the label host says where a series is from; a rule cannot set it (found "(?<host>a)")',
  ],
  [
    rule("field: a, metric: m, help: h, labels: { __a: b }"),
    'FILE: rules[0].labels: __a is no label name: it may neither be empty nor start with __ (found {"__a":"b"})',
  ],
  [
    rule("field: a, metric: m, help: h, labels: { a: 1 }"),
    "FILE: rules[0].labels.a: expected a text, { document: path }, { key: regular expression } or { from: value } (found 1)",
  ],
  [rule("field: a, metric: '', help: h"), 'FILE: rules[0].metric: expected a metric name (found "")'],
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
    'FILE: rules[0].type: Invalid option: expected one of "gauge"|"counter"|"info"|"unknown" (found "histogram")',
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
  [
    'targets: [{ url: "redis://127.0.0.1", caFile: ca.pem }]',
    "FILE: targets[0].caFile: is for targets with rediss: alone",
  ],
  [
    "modules: { m: { rules: [], http: { headers: { X-A: é€ } } } }",
    'FILE: modules.m.http.headers.X-A: expected a header\'s value: Latin-1, without line ends (found "é€")',
  ],
  [
    "modules: { m: { rules: [], http: { body: q } } }",
    'FILE: modules.m.http: a body needs method: POST (found {"body":"q"})',
  ],
  [rule("pth: a, metric: m, help: h"), 'FILE: rules[0]: unknown field "pth"; did you mean "path"?'],
  [rule("path: a, metrc: m, help: h"), 'FILE: rules[0]: unknown field "metrc"; did you mean "metric"?'],
  [
    "outputs: [{ kye: a, staleafter: 60s }]",
    'FILE: outputs[0]: unknown fields "kye", "staleafter"; did you mean "key", "staleAfter"?',
  ],
  [
    "modules: { a: { http: { methd: POST, body: q } } }",
    'FILE: modules.a.http: unknown field "methd"; did you mean "method"?',
  ],
  [
    rule("path: a, metric: m, help: h, timestamp: { documnt: t, format: iso }"),
    'FILE: rules[0].timestamp: unknown field "documnt"; did you mean "document"?',
  ],
  ["outputs: [a]", 'FILE: outputs[0]: expected { key: a key or a pattern } (found "a")'],
  [
    rule("path: a, metric: m, help: h, timestamp: ts"),
    'FILE: rules[0].timestamp: expected { document: path of the time, format: one of seconds, milliseconds, iso }, such as { document: time, format: seconds } (found "ts")',
  ],
  [
    rule("path: a, metric: m, help: h, timestamp: { document: t, format: unix }"),
    'FILE: rules[0].timestamp.format: expected one of seconds, milliseconds, iso (found "unix")',
  ],
  [
    rule("path: a, metric: m, help: h, values: { up: yes }"),
    'FILE: rules[0].values.up: expected the number that stands for it, as in { up: 1, down: 0 } (found "yes")',
  ],
  [
    rule("path: a, metric: m, help: h, values: [up]"),
    'FILE: rules[0].values: expected numbers by texts, as in { up: 1, down: 0 } (found ["up"])',
  ],
  [
    rule("path: a, metric: m, help: h, labels: { b: { key: '(' } }"),
    'FILE: rules[0].labels.b.key: error parsing regexp: missing closing ): `(` (found "(")',
  ],
  [
    rule("path: a, metric: m, help: h, labels: { b: { key: [a, '('] } }"),
    'FILE: rules[0].labels.b.key[1]: error parsing regexp: missing closing ): `(` (found "(")',
  ],
  [
    rule("path: a, metric: m, help: h, where: { $.b.c: 1 }"),
    "FILE: rules[0].where.$.b.c: paths have no $: write b.c (found 1)",
  ],
  [
    "targets: [7]",
    "FILE: targets[0]: expected an address, or url with username, password or passwordFile, and caFile (found 7)",
  ],
])("%s", async (yaml, message) => {
  await expect(load(yaml)).rejects.toThrow(new Error(message));
});

test.each([
  "targets: ['redis://user:hunter2@host']",
  "targets: [{ url: 'https://hunter2@host/x' }]",
  "targets: ['redis:/user:hunter2@host']",
  "targets: [{ url: redis://host, username: hunter2, password: [hunter2] }]",
  "targets: [{ url: redis://host, password: { is: hunter2 } }]",
  "targets: [{ url: redis://host, pasword: hunter2 }]",
  "targets: [[{ password: hunter2 }]]",
  "modules: { a: { http: { headers: { Authorization: [hunter2] } } } }",
])("%s is refused without showing the secret", async (yaml) => {
  const refused: unknown = await load(yaml).catch((error: unknown) => error);
  expect((refused as Error).message).toMatch(/^FILE: (targets\[0\]|modules\.a)/);
  expect((refused as Error).message).not.toContain("hunter2");
});

test("a target's password in its address: what to write is said", async () => {
  await expect(load("targets: [redis://user:hunter2@host]")).rejects.toThrow(
    "FILE: targets[0]: user and password do not belong in the address: write { url: …, username: …, password: … }",
  );
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
    expect(await readConfiguration(file)).toEqual(NO_CONFIGURATION);
  },
);

test.each([
  [
    { GAUGELET_EXPORTER_PORT: "70000" },
    'environment: GAUGELET_EXPORTER_PORT: expected a port from 0 to 65535 (found "70000")',
  ],
  [
    { GAUGELET_EXPORTER_PORT: "http" },
    "environment: GAUGELET_EXPORTER_PORT: expected a port from 0 to 65535",
  ],
  [
    { GAUGELET_EXPORTER_PROT: "1" },
    "environment: unknown variable GAUGELET_EXPORTER_PROT; there are GAUGELET_EXPORTER_ADDRESS, GAUGELET_EXPORTER_PORT, GAUGELET_EXPORTER_CONFIG, GAUGELET_EXPORTER_WEB_CONFIG, GAUGELET_EXPORTER_KEYS",
  ],
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

test("variables that Kubernetes sets for a service, and empty ones, are no mistakes", () => {
  const environment = {
    GAUGELET_EXPORTER_SERVICE_HOST: "10.0.0.1",
    GAUGELET_EXPORTER_SERVICE_PORT_METRICS: "9420",
    GAUGELET_EXPORTER_PORT_9420_TCP_ADDR: "10.0.0.1",
    GAUGELET_EXPORTER_PROT: "",
  };
  expect(readEnvironment(environment).port).toBe(9420);
});
