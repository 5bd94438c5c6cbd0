import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import { parseKeyPattern } from "@gaugelet/shared/redis/glob";
import { describe, expect, test } from "vitest";
import { readConfiguration } from "../../src/configuration/environment.ts";
import type { FunctionDefinition } from "../../src/configuration/manifest.ts";
import { useConfigurationFolder } from "./configuration-folder.ts";

const folder = useConfigurationFolder();

async function dropIn(environment: NodeJS.ProcessEnv): Promise<FunctionDefinition> {
  const { functions } = await readConfiguration({ REDIS_OUTPUT_KEY: "out", ...environment });
  expect(functions).toHaveLength(1);
  return functions[0] as FunctionDefinition;
}

describe("with an output key and no configuration file, one function", () => {
  test("is the one that is mounted, named after its output key", async () => {
    expect(await readConfiguration({ REDIS_OUTPUT_KEY: "out" })).toEqual({
      redis: { host: "127.0.0.1", port: 6379, username: undefined, password: undefined, db: 0 },
      functions: [
        {
          name: "out",
          description: "",
          language: "python",
          class: "standard",
          source: { kind: "path", path: "/opt/usermodule.py" },
          handler: "usermodule.handler",
          isolation: "process",
          network: false,
          state: "function",
          triggers: [{ redisKey: "metrics", pollInterval: 5 }],
          input: undefined,
          outputKey: "out",
          outputTopics: [],
          node: undefined,
          staleAfter: 60,
          // The container is the limit.
          limits: {
            timeout: 30,
            cpu: null,
            memory: null,
            openFiles: null,
            processes: null,
            disk: null,
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
          environment: { REDIS_OUTPUT_KEY: "out" },
          secrets: [],
          record: "all",
          redact: [],
        },
      ],
      runs: { backlog: 20_000, maxBytes: undefined, recordBytes: 65_536, retention: 30 * 86_400 },
      management: { address: "127.0.0.1", port: 8421 },
      status: undefined,
      file: undefined,
      topics: "redis",
      kafka: undefined,
      busyWorkers: 16 * availableParallelism(),
      prometheus: "http://127.0.0.1:9090",
      python: "python3",
      preload: [],
      access: { calls: "local", grafanaSecret: undefined, oldSecretKeys: [], secretKey: undefined },
      operator: { nodeName: undefined, minimumIsolation: "process" },
      stateFolder: join(tmpdir(), `gaugelet-${process.getuid?.()}`),
      machineFolder: join(tmpdir(), `gaugelet-${process.getuid?.()}`, "microvm"),
      allowedUrlHosts: { names: new Set(), ranges: [] },
      allowsDependencies: false,
      image: null,
      logLevel: "info",
    });
  });

  test("takes its settings from the variables", async () => {
    const definition = await dropIn({
      REDIS_INPUT_KEY: "measurements",
      POLL_INTERVAL_SECONDS: "0.5",
      FUNCTION_HANDLER: "package.module.entry",
      FUNCTION_FILE: "functions/a.py",
    });
    expect(definition).toMatchObject({
      handler: "package.module.entry",
      triggers: [{ redisKey: "measurements", pollInterval: 0.5 }],
      source: { kind: "path", path: resolve("functions/a.py") },
    });
  });

  test.each([
    ["https://example.org/a.zip", { kind: "url", url: "https://example.org/a.zip" }],
    ["UEsDBBQAAAAI", { kind: "base64", text: "UEsDBBQAAAAI" }],
    ["/opt/a.zip", { kind: "path", path: "/opt/a.zip" }],
  ])("is the zip %s rather than the file", async (zip, source) => {
    expect(await dropIn({ FUNCTION_ZIP: zip, FUNCTION_FILE: "/opt/a.py" })).toMatchObject({ source });
  });

  test("takes variables that are set to nothing for unset", async () => {
    const empty = { REDIS_INPUT_KEY: "", POLL_INTERVAL_SECONDS: "", FUNCTION_ZIP: "", GAUGELET_CONFIG: "" };
    expect(await dropIn(empty)).toMatchObject({ triggers: [{ redisKey: "metrics", pollInterval: 5 }] });
  });

  test.each([
    "avg-util-cpu0-60sec",
    "Percent Network Egress",
    "größe 😀",
    "a/b:c",
    "{node}",
    "a\nb",
    "-",
    "A".repeat(200),
  ])("may have any output key: %j", async (key) => {
    expect(await dropIn({ REDIS_OUTPUT_KEY: key })).toMatchObject({ name: key, outputKey: key });
  });

  test.each(["metrics", "a*", "a?b", "[a-c]", "[^a]", "a\\", "\\*", "größe 😀", "{shard}"])(
    "watches the one key %j, whatever characters it has",
    async (key) => {
      const { triggers } = await dropIn({ REDIS_INPUT_KEY: key });
      const pattern = parseKeyPattern((triggers[0] as { redisKey: string }).redisKey);
      expect(pattern.isLiteral).toBe(true);
      expect(pattern.prefix).toBe(key);
      expect(pattern.match(key)).toBe("");
    },
  );

  test("sees the variables of its container, but not the runtime's own and what signs in", async () => {
    const { environment } = await dropIn({
      LOG_LEVEL: "DEBUG",
      REDIS_HOST: "redis",
      MY_SETTING: "x",
      REDIS_USERNAME: "user",
      REDIS_PASSWORD: "secret",
      KAFKA_USERNAME: "user",
      KAFKA_PASSWORD: "secret",
      KAFKA_PASSWORD_FILE: "/secret",
      KAFKA_TLS_KEY_FILE: "/secret",
      REDIS_TLS: "true",
      REDIS_TLS_SERVER_NAME: "redis",
      DATABASE_URL: "secret",
      GAUGELET_MANAGEMENT_PORT: "1",
      NODE_OPTIONS: "--x",
      npm_config_x: "y",
      FUNCTION_ZIP: "https://user:secret@example.org/a.zip",
    });
    expect(environment).toEqual({
      REDIS_OUTPUT_KEY: "out",
      LOG_LEVEL: "DEBUG",
      REDIS_HOST: "redis",
      REDIS_TLS: "true",
      MY_SETTING: "x",
    });
  });
});

describe("a variable that is wrong is named, with what was expected and found", () => {
  test.each([
    ["POLL_INTERVAL_SECONDS", "x", 'expected a number of seconds (found "x")'],
    ["POLL_INTERVAL_SECONDS", "NaN", 'expected a number of seconds (found "NaN")'],
    ["POLL_INTERVAL_SECONDS", "Infinity", 'expected a number of seconds (found "Infinity")'],
    ["POLL_INTERVAL_SECONDS", "5s", 'expected a number of seconds (found "5s")'],
    ["POLL_INTERVAL_SECONDS", "0", 'expected a number of seconds above 0 (found "0")'],
    ["POLL_INTERVAL_SECONDS", "-1", 'expected a number of seconds above 0 (found "-1")'],
    ["POLL_INTERVAL_SECONDS", " ", 'expected a number of seconds above 0 (found " ")'],
    ["POLL_INTERVAL_SECONDS", "1e9", 'expected at most 86400 seconds (found "1e9")'],
    [
      "REDIS_OUTPUT_KEY",
      "metrics",
      'expected another key than REDIS_INPUT_KEY: the output would replace the input, for all who read it (found "metrics")',
    ],
    ["FUNCTION_HANDLER", "handler", 'expected module.attribute, such as handler.handler (found "handler")'],
    ["REDIS_PORT", "http", 'Invalid input: expected number, received NaN (found "http")'],
    ["REDIS_PORT", "70000", 'Too big: expected number to be <=65535 (found "70000")'],
    ["REDIS_DB", "-1", 'Too small: expected number to be >=0 (found "-1")'],
    ["GAUGELET_MANAGEMENT_PORT", "http", 'expected a port number (found "http")'],
    [
      "GAUGELET_MINIMUM_ISOLATION",
      "vm",
      'Invalid option: expected one of "process"|"sandbox"|"microvm" (found "vm")',
    ],
    ...["numpy;pandas", "numpy,,pandas", ",", "os --help", "../x"].map((list): [string, string, string] => [
      "GAUGELET_PRELOAD",
      list,
      `expected names of modules with commas between, such as numpy,pandas (found "${list}")`,
    ]),
    [
      "GAUGELET_LOG_LEVEL",
      "loud",
      'Invalid option: expected one of "trace"|"debug"|"info"|"warn"|"error"|"fatal" (found "loud")',
    ],
  ])("%s: %j", async (name, value, message) => {
    const environment = { REDIS_OUTPUT_KEY: "out", REDIS_PASSWORD: "secret", [name]: value };
    await expect(readConfiguration(environment)).rejects.toThrow(
      new ConfigurationError(`environment: ${name}: ${message}`),
    );
  });
});

test("a Redis Cluster is refused, with why and what to do", async () => {
  await expect(readConfiguration({ REDIS_OUTPUT_KEY: "out", REDIS_CLUSTER_NODES: "a,b" })).rejects.toThrow(
    /^environment: REDIS_CLUSTER_NODES: the runtime cannot store in a Redis Cluster, .* one atomic step; use one Redis, or Sentinels/,
  );
});

describe("a configuration file", () => {
  const yaml =
    "functions: [{ name: a, handler: m.h, triggers: [{ schedule: 5s }], output: { key: 'x:{node}' } }]";

  test("wins over the output key, and brings the status page", async () => {
    const file = await folder.write("gaugelet.yaml", yaml);
    const configuration = await readConfiguration({
      GAUGELET_CONFIG: file,
      GAUGELET_NODE_NAME: "n1",
      GAUGELET_RUNTIME_PORT: "0",
      GAUGELET_RUNTIME_ADDRESS: "0.0.0.0",
      GAUGELET_STATE_DIR: "state",
      REDIS_OUTPUT_KEY: "out",
    });
    expect(configuration).toMatchObject({
      functions: [{ name: "a", outputKey: "x:n1" }],
      status: { address: "0.0.0.0", port: 0 },
      stateFolder: resolve("state"),
      machineFolder: resolve("state/microvm"),
    });
  });

  test("that is named must be there", async () => {
    await expect(
      readConfiguration({ GAUGELET_CONFIG: `${folder.path}/none.yaml`, REDIS_OUTPUT_KEY: "out" }),
    ).rejects.toThrow(`${folder.path}/none.yaml: cannot be read: ENOENT`);
  });

  test("comes with the modules that functions use most, imported before", async () => {
    const file = await folder.write("gaugelet.yaml", yaml);
    const { preload } = await readConfiguration({ GAUGELET_CONFIG: file });
    expect(preload).toEqual(["numpy", "pandas", "sklearn", "matplotlib", "requests", "tqdm"]);
  });
});

test.each([
  ["numpy", ["numpy"]],
  [" numpy , google.protobuf ", ["numpy", "google.protobuf"]],
  ["", []],
  [" ", []],
])("the modules to import before are those of the list %j", async (list, preload) => {
  const file = await folder.write(
    "gaugelet.yaml",
    "functions: [{ name: a, handler: m.h, triggers: [{ schedule: 5s }] }]",
  );
  for (const kind of [{ GAUGELET_CONFIG: file }, { REDIS_OUTPUT_KEY: "out" }]) {
    expect(await readConfiguration({ ...kind, GAUGELET_PRELOAD: list })).toMatchObject({ preload });
  }
});

test("the operator's minimum is every function's isolation", async () => {
  const configuration = await readConfiguration({
    REDIS_OUTPUT_KEY: "out",
    GAUGELET_MINIMUM_ISOLATION: "sandbox",
  });
  expect(configuration).toMatchObject({
    operator: { minimumIsolation: "sandbox" },
    functions: [{ isolation: "sandbox" }],
  });
});
