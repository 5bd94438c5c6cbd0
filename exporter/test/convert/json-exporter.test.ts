import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { validate } from "@gaugelet/shared/configuration";
import { freePort } from "@gaugelet/testing/ports";
import { dump, load } from "js-yaml";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startExporter } from "../../src/app.ts";
import { type Conversion, convertJsonExporter } from "../../src/convert/json-exporter.ts";
import { jsonExporterSchema } from "../../src/convert/json-exporter-schema.ts";
import { loadConfiguration } from "../../src/exporter.ts";

const PAGE = new URL("../../docs/from-json-exporter.md", import.meta.url);
const MAIN = fileURLToPath(new URL("../../src/convert/main.ts", import.meta.url));

let folder: string;
/** The YAML of the page: theirs, ours, targets. */
let theirs: string;
let ours: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-convert-"));
  const blocks = (await readFile(PAGE, "utf8")).matchAll(/^```yaml\n(.*?)^```/gms);
  [theirs = "", ours = ""] = [...blocks].map(([, yaml]) => yaml ?? "");
});
afterAll(() => rm(folder, { recursive: true }));

const convert = (yaml: string): Conversion =>
  convertJsonExporter(validate(jsonExporterSchema, load(yaml), "json_exporter.yml"));

/** Notes of a module of these metrics. */
const notesOf = (metrics: string, more = ""): string[] =>
  convert(`modules:\n  m:\n    metrics: [${metrics}]\n${more}`).notes.map(
    ({ where, message }) => `${where}: ${message}`,
  );

test("the page shows what the converter makes", () => {
  const { configuration, notes } = convert(theirs);
  expect(configuration).toEqual(load(ours));
  expect(notes).toEqual([]);
});

test("a probe gives the series that json_exporter would", async () => {
  const documents: Record<string, unknown> = {
    "/planets": {
      counter: "1234",
      location: "mars",
      values: [
        { id: "id-A", count: 1, state: "ACTIVE", at: 1_700_000_000_000 },
        { id: "id-B", count: 2, state: "INACTIVE", at: 1_700_000_000_000 },
        { id: "id-C", count: 3, state: "ACTIVE", at: 1_700_000_000_001 },
      ],
    },
    "/animals": [
      { noun: "lion", population: 123 },
      { noun: "deer", population: 456 },
    ],
  };
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers["x-team"] as string | undefined);
    response.end(JSON.stringify(documents[request.url ?? ""]));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const configurationFile = join(folder, "exporter.yaml");
  await writeFile(configurationFile, dump({ ...convert(theirs).configuration, targets: [`${address}/*`] }));
  const exporter = await startExporter({
    redis: { host: "127.0.0.1", port: await freePort(), username: undefined, password: undefined, db: 0 },
    address: "127.0.0.1",
    port: 0,
    configurationFile,
    outputs: [],
    logger: pino({ level: "silent" }),
  });
  const probe = async (query: string): Promise<string[]> => {
    const text = await (await fetch(`http://127.0.0.1:${exporter.port}/probe?${query}`)).text();
    return text.split("\n").filter((line) => /^(planet|animal)/.test(line));
  };
  try {
    // The second time from what is remembered of the document, then with one that has changed.
    for (let time = 0; time < 2; time += 1) {
      expect(await probe(`target=${address}/planets`)).toEqual([
        'planet_active{id="id-A"} 1 1700000000000',
        'planet_active{id="id-C"} 1 1700000000001',
        'planet_count{id="id-A"} 1 1700000000000',
        'planet_count{id="id-C"} 3 1700000000001',
        'planets{environment="beta",location="mars"} 1234',
      ]);
    }
    const { values } = documents["/planets"] as { values: { state: string }[] };
    for (const [place, state] of ["INACTIVE", "ACTIVE", "GONE"].entries()) {
      Object.assign(values[place] as object, { state });
    }
    expect((await probe(`target=${address}/planets`)).slice(0, 2)).toEqual([
      'planet_active{id="id-B"} 1 1700000000000',
      'planet_count{id="id-B"} 2 1700000000000',
    ]);
    // Without a time, as json_exporter has it.
    Object.assign(values[1] as object, { at: undefined });
    expect((await probe(`target=${address}/planets`)).slice(0, 2)).toEqual([
      'planet_active{id="id-B"} 1',
      'planet_count{id="id-B"} 2',
    ]);
    expect(await probe(`target=${address}/animals&module=animals`)).toEqual([
      'animal_population{name="lion"} 123',
      'animal_population{name="deer"} 456',
    ]);
    expect(asked).toEqual(["planets", "planets", "planets", "planets", undefined]);
  } finally {
    await exporter.stop();
    server.close();
  }
});

describe("what is not as it was is told, metric by metric:", () => {
  const at = "modules.m.metrics[0] a: ";
  test.each<[string, string[]]>([
    ["{ name: a, path: '{ .b }' }", []],
    ["{ name: a, path: '{ ..b }' }", [`${at}left out: path: there is no counterpart to recursion (..)`]],
    [
      "{ name: a, path: '{ .b[*] }' }",
      [
        `${at}left out: path: there is no counterpart to more than one value at a path of type value; say type: object`,
      ],
    ],
    [
      "{ name: a, path: b }",
      [`${at}left out: path: there is no counterpart to path: a text without one path in braces (b)`],
    ],
    [
      "{ name: a, path: '{ .b }', valuetype: counter }",
      [`${at}a has no type: the name of a counter ends in _total`],
    ],
    ["{ name: a_total, path: '{ .b }', valuetype: counter }", []],
    ["{ name: a, path: '{ .b }', unit: s }", [`${at}unit is not known`]],
    [
      "{ name: a, path: '{ .b }', labels: { x: 'p-{ .x }', y: '{ .y[0:1] }', z: '{ .z }{ .z }' } }",
      [
        `${at}labels.x has the field alone, without the text around it (p-{ .x })`,
        `${at}labels.y is left out: there is no counterpart to a slice ([a:b])`,
        `${at}labels.z is left out: there is no counterpart to several fields in one label`,
      ],
    ],
    [
      "{ name: a, type: object, path: '{ .b[*] }', values: { one: 1, two: '{ .x[*] }', three: '{ .y }' } }",
      [
        `${at}left out: values.one: there is no counterpart to a constant without a filter (1)`,
        `${at}left out: values.two: there is no counterpart to more than one value in an object`,
      ],
    ],
    [
      "{ name: a, path: '{ .b }', epochTimestamp: now }",
      [`${at}epochTimestamp is left out: not one path (now)`],
    ],
    ["{ name: a, engine: cel, path: .b, labels: { x: '\"y\"', z: .z } }", []],
    [
      "{ name: a, engine: cel, path: 'size(.b)' }",
      [`${at}left out: path: there is no counterpart to the CEL expression size(.b)`],
    ],
    [
      "{ name: a, path: '{ .b }' }, { name: c, path: '{ .b }' }",
      ["modules.m.metrics[1] c: left out: c: a field becomes one metric, and this one is a already"],
    ],
    [
      "{ name: a, type: object, path: '{ .b[*] }', values: { n: '{ .n }' } }, { name: c, path: '{ .b[0].n }' }",
      ["modules.m.metrics[1] c: left out: c: a field becomes one metric, and this one is a_n already"],
    ],
  ])("%s", (metrics, notes) => {
    expect(notesOf(metrics)).toEqual(notes);
  });

  test("what belongs to a module", () => {
    const more =
      "    valid_status_codes: [404]\n    body: { content: x, templatize: true }\n    http_client_config: { basic_auth: { password: hunter2 }, tls_config: {} }\n    timeout: 1s\n";
    const notes = notesOf("", more);
    expect(notes).toEqual([
      "modules.m: timeout is not known",
      "modules.m: valid_status_codes: an answer has to have a status from 200 to 299",
      "modules.m: body.templatize: the body is sent as it is, templates and all",
      "modules.m: http_client_config.basic_auth: write username and passwordFile under targets",
      "modules.m: http_client_config.tls_config is not converted",
    ]);
    expect(
      JSON.stringify(
        convert(
          `modules: { m: { metrics: [], ${""}http_client_config: { basic_auth: { password: hunter2 } } } }`,
        ),
      ),
    ).not.toContain("hunter2");
  });
});

test("a configuration of old, which is one module, becomes the one of probes that name none", async () => {
  const file = join(folder, "old.yaml");
  const { configuration } = convert("metrics: [{ name: a, path: '{ .b }' }]\nheaders: { X: 1 }\n");
  await writeFile(file, dump(configuration));
  const module = (await loadConfiguration(file)).loaded.get("default");
  expect(module?.http.headers).toEqual({ X: "1" });
  expect(module?.rules.map(({ definition }) => definition.metric)).toEqual(["a"]);
});

describe("the command", () => {
  const run = (...args: string[]) => spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" });

  test("prints a configuration that can be loaded, and says what is not in it", async () => {
    const source = join(folder, "json_exporter.yml");
    await writeFile(source, theirs);
    const complete = run(source);
    expect([complete.status, complete.stderr]).toEqual([0, ""]);
    expect(load(complete.stdout)).toEqual(load(ours));
    const file = join(folder, "converted.yaml");
    await writeFile(file, complete.stdout);
    expect([...(await loadConfiguration(file)).loaded.keys()]).toEqual(["default", "animals"]);

    await writeFile(source, `${theirs}      - { name: x, path: "{ ..y }" }\n`);
    const incomplete = run(source);
    const note = "modules.animals.metrics[1] x: left out: path: there is no counterpart to recursion (..)";
    expect([incomplete.status, incomplete.stderr]).toEqual([2, `${note}\n`]);
    expect(incomplete.stdout).toContain(`\n# NOT AS IT WAS: ${note}\n`);
    expect(load(incomplete.stdout)).toEqual(load(ours));
  });

  test.each<[string[], string]>([
    [[], "expected the path of a configuration of json_exporter"],
    [["/nowhere/a.yml"], "/nowhere/a.yml: cannot be read: ENOENT"],
  ])("%j ends with a message", (args, message) => {
    const { status, stderr } = run(...args);
    expect(status).toBe(1);
    expect(stderr).toContain(`gaugelet-exporter: ${message}`);
  });
});
