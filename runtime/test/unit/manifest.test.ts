import { parseKeyPattern } from "@gaugelet/shared/redis/glob";
import { expect, test } from "vitest";
import type { FunctionDefinition, OperatorSettings } from "../../src/configuration/manifest.ts";
import { useConfigurationFolder } from "./configuration-folder.ts";

const folder = useConfigurationFolder();

async function define(
  manifest: string,
  operator: Partial<OperatorSettings> = {},
): Promise<FunctionDefinition> {
  const [definition] = await folder.read(`functions: [{ name: a, handler: m.h, ${manifest} }]`, operator);
  if (definition === undefined) throw new Error("no function");
  return definition;
}

const EVERY_5_S = "triggers: [{ schedule: 5s }]";

test("every field but the name, the handler and the triggers has a default", async () => {
  expect(await define("triggers: [{ redisKey: metrics }]")).toEqual({
    name: "a",
    description: "",
    language: "python",
    source: { kind: "path", path: folder.path },
    handler: "m.h",
    class: "standard",
    isolation: "process",
    network: false,
    state: "function",
    triggers: [{ redisKey: "metrics", pollInterval: 5 }],
    input: undefined,
    outputKey: "gaugelet:output:a",
    outputTopics: [],
    node: undefined,
    staleAfter: 60,
    limits: {
      timeout: 30,
      cpu: null,
      memory: 512 * 1024 ** 2,
      openFiles: 64,
      processes: 64,
      disk: 64 * 1024 ** 2,
      output: 1024 ** 2,
      env: 16 * 1024 ** 2,
      logLinesPerSecond: 100,
    },
    workers: {
      min: 1,
      max: 1,
      spare: 0,
      scaleUp: { utilization: 0.8, for: 300 },
      scaleDown: { idle: 300 },
    },
    owner: "",
    objective: 0.99,
    thresholds: [],
    environment: {},
    secrets: [],
    record: "all",
    redact: [],
  });
});

test("what is said is taken, in seconds and bytes", async () => {
  const definition = await define(
    `description: d, owner: data-team, objective: 0.999, source: ./code, class: premium, state: none, language: typescript, isolation: sandbox, network: true,
     triggers: [{ redisKey: "m:*", pollInterval: 250ms }, { schedule: 1m30s }, { schedule: 0 6 * * 1-5, timeZone: Europe/Berlin }, { http: true },
       { topic: orders, start: oldest, batch: { size: 10, wait: 1s, list: true }, retries: { attempts: 2, backoff: { from: 1s } }, class: 2.5, paused: true },
       { topic: others }, { prometheus: { query: up, every: 1m } }],
     input: { type: object, required: [n] },
     output: { key: usage, topics: [next], staleAfter: 1h },
     limits: { timeout: 1.5s, cpu: 500ms, memory: 1Gi, openFiles: 16, processes: 1, disk: 1, output: 64Ki, env: 1Mi, logLinesPerSecond: 5 },
     workers: { min: 0, max: 8, spare: 2, scaleUp: { utilization: 1, for: 30s }, scaleDown: { idle: 1m } },
     thresholds: [{ field: f, above: 0.9, for: 10m, severity: critical }, { field: g, below: 0 }],
     environment: { LEVEL: info, NUMBER: 5, FLAG: true },
     record: { oneIn: 100 }, redact: [token, user.email]`,
  );
  expect(definition).toEqual({
    name: "a",
    description: "d",
    owner: "data-team",
    objective: 0.999,
    class: "premium",
    language: "typescript",
    source: { kind: "path", path: `${folder.path}/code` },
    handler: "m.h",
    isolation: "sandbox",
    network: true,
    state: "none",
    triggers: [
      { redisKey: "m:*", pollInterval: 0.25 },
      { schedule: "1m30s", timeZone: "UTC" },
      { schedule: "0 6 * * 1-5", timeZone: "Europe/Berlin" },
      { http: true },
      {
        topic: "orders",
        start: "oldest",
        batch: { size: 10, wait: 1, list: true },
        retries: { attempts: 2, backoff: { from: 1, to: 30 } },
        class: 2.5,
        paused: true,
      },
      {
        topic: "others",
        start: "newest",
        retries: { attempts: 5, backoff: { from: 0.2, to: 30 } },
        paused: false,
      },
      { prometheus: { query: "up", every: 60 } },
    ],
    input: { type: "object", required: ["n"] },
    outputKey: "usage",
    outputTopics: ["next"],
    node: undefined,
    staleAfter: 3600,
    limits: {
      timeout: 1.5,
      cpu: 0.5,
      memory: 1024 ** 3,
      openFiles: 16,
      processes: 1,
      disk: 1,
      output: 65_536,
      env: 1024 ** 2,
      logLinesPerSecond: 5,
    },
    workers: { min: 0, max: 8, spare: 2, scaleUp: { utilization: 1, for: 30 }, scaleDown: { idle: 60 } },
    thresholds: [
      { field: "f", above: 0.9, for: 600, severity: "critical" },
      { field: "g", below: 0, for: 60, severity: "warning" },
    ],
    environment: { LEVEL: "info", NUMBER: "5", FLAG: "true" },
    secrets: [],
    record: { oneIn: 100 },
    redact: ["token", "user.email"],
  });
});

test.each([
  [
    "a path from the file's folder",
    "../functions/a",
    (at: string) => ({ kind: "path", path: `${at}/functions/a` }),
  ],
  ["an absolute path", "/opt/code.zip", () => ({ kind: "path", path: "/opt/code.zip" })],
  ["a URL", "https://example.org/a.zip?b=c", () => ({ kind: "url", url: "https://example.org/a.zip?b=c" })],
  ["a URL in capitals", "HTTP://EXAMPLE.ORG/a.zip", () => ({ kind: "url", url: "HTTP://EXAMPLE.ORG/a.zip" })],
  ["base64 text of a zip", "UEsDBBQAAAAI", () => ({ kind: "base64", text: "UEsDBBQAAAAI" })],
])("the source may be %s", async (_, source, expected) => {
  const { source: found } = await define(`${EVERY_5_S}, source: "${source}"`);
  expect(found).toEqual(expected(folder.path.replace(/\/[^/]+$/, "")));
});

test.each([
  ["", "", "gaugelet:output:a", undefined],
  ["output: { key: usage }", "", "usage", undefined],
  ["output: { key: 'usage:{node}' }", "n1", "usage:n1", "n1"],
  ["output: { key: 'usage:{node}' }", "", "usage", undefined],
  ["output: { key: '{node}:usage' }", "n1", "n1:usage", "n1"],
  ["output: { key: 'a{node}b:{node}' }", "n$&", "an$&b:n$&", "n$&"],
])("the output key of %j on the node %j", async (manifest, nodeName, outputKey, node) => {
  const definition = await define(`${EVERY_5_S}, ${manifest}`, {
    nodeName: nodeName === "" ? undefined : nodeName,
  });
  expect(definition).toMatchObject({ outputKey, node });
});

test.each([
  ["", "gaugelet:output:a:{shard}"],
  ["output: { key: usage }", "usage:{shard}"],
  ["output: { key: 'usage:{shard}' }", "usage:{shard}"],
  ["output: { key: '{shard}/usage' }", "{shard}/usage"],
])("with shards, the output key of %j has a place for them", async (manifest, outputKey) => {
  const sharded = `state: partition, triggers: [{ redisKey: "metrics:*" }, { http: true }], ${manifest}`;
  expect(await define(sharded)).toMatchObject({ outputKey, state: "partition" });
});

test.each([
  ["{ schedule: 5s }", 60],
  ["{ schedule: 20s }", 60],
  ["{ schedule: 1m }", 180],
  ["{ redisKey: metrics }", 60],
  ["{ redisKey: metrics, pollInterval: 1m }", 180],
  ["{ schedule: 5s }, { schedule: 2m }, { redisKey: metrics }", 360],
  ["{ schedule: '*/10 * * * * *' }", 60],
  ["{ schedule: '0 * * * *' }", 3 * 3600],
  ["{ schedule: '0 6 * * *' }", 3 * 86_400],
  ["{ schedule: '*/5 8-18 * * *' }", 3 * (13 * 3600 + 5 * 60)],
  ["{ schedule: '0 8 * * 1-5' }", 3 * 3 * 86_400],
  ["{ schedule: '0,5 * * * *' }", 3 * 55 * 60],
  ["{ http: true }, { schedule: 1m }", 180],
])("an output of %s is stale after %i s, where nothing else is said", async (triggers, staleAfter) => {
  expect(await define(`triggers: [${triggers}]`)).toMatchObject({ staleAfter });
});

test("a key pattern is one whatever it looks like", async () => {
  for (const redisKey of ["metrics", "metrics:*", "[z-a]", "[", "\\\\", "ö?", " "]) {
    const { triggers } = await define(`triggers: [{ redisKey: "${redisKey}" }]`);
    expect(triggers[0]).toMatchObject({ redisKey: redisKey.replace("\\\\", "\\") });
    expect(() => parseKeyPattern(redisKey)).not.toThrow();
  }
});

test.each(["Asia/Kolkata", "Asia/Calcutta", "Europe/Kyiv", "America/Argentina/Buenos_Aires", "Etc/UTC"])(
  "%s is a time zone",
  async (timeZone) => {
    const { triggers } = await define(`triggers: [{ schedule: "0 6 * * *", timeZone: ${timeZone} }]`);
    expect(triggers).toEqual([{ schedule: "0 6 * * *", timeZone }]);
  },
);

test("an output that only calls make is never stale", async () => {
  expect(await define("triggers: [{ http: true }]")).toMatchObject({ staleAfter: null });
});

test.each([
  ["memory: null", { memory: null }],
  [
    "openFiles: null, processes: null, disk: null, cpu: null",
    { openFiles: null, processes: null, disk: null, cpu: null },
  ],
])("a limit may be taken away: %s", async (limits, expected) => {
  expect((await define(`${EVERY_5_S}, limits: { ${limits} }`)).limits).toMatchObject(expected);
});

test.each([
  ["", 1, 1],
  ["state: function, workers: { min: 0 }", 0, 1],
  ["state: none", 1, 4],
  ["state: none, workers: { min: 0 }", 0, 4],
  ["state: none, workers: { min: 6 }", 6, 6],
  ["state: none, workers: { max: 2 }", 1, 2],
])("with %j there are from %i to %i workers", async (manifest, min, max) => {
  expect((await define(`${EVERY_5_S}, ${manifest}`)).workers).toMatchObject({ min, max });
});

test("with shards there are up to 4 workers", async () => {
  const { workers } = await define("state: partition, triggers: [{ http: true }]");
  expect(workers).toMatchObject({ min: 1, max: 4 });
});

test.each([
  ["process", "", "process"],
  ["sandbox", "", "sandbox"],
  ["process", "isolation: sandbox", "sandbox"],
  ["sandbox", "isolation: microvm", "microvm"],
] as const)("where the operator demands %s, %j gives %s", async (minimumIsolation, manifest, isolation) => {
  expect(await define(`${EVERY_5_S}, ${manifest}`, { minimumIsolation })).toMatchObject({ isolation });
});
