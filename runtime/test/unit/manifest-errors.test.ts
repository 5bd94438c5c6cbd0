import { ConfigurationError } from "@gaugelet/shared/configuration";
import { expect, test } from "vitest";
import { useConfigurationFolder } from "./configuration-folder.ts";

const folder = useConfigurationFolder();

const NAME = "name: a, handler: m.h";
const OK = `${NAME}, triggers: [{ schedule: 5s }]`;
const DURATION = "expected a duration above 0 and up to 24d with its unit, such as 250ms, 5s or 1m30s";
const SIZE = "expected a size above 0, such as 512, 64Ki or 16Mi";
const TOPIC = "expected the name of a topic: letters, digits, dots, dashes, underscores, 249 at most";
const SCHEDULE = "expected an interval such as 5s or a cron expression";

const OWN_OUTPUT =
  "expected another key than that of the output, which would replace the input and call the function again";
const ONE_WORKER =
  "expected at most 1 with state: function, whose one env and order of events only one worker can keep; " +
  "for more workers say state: none or state: partition";

/** The manifest, the path that the error names, and what it says of it. */
const cases: [string, string, string][] = [
  [
    "handler: m.h, triggers: [{ schedule: 5s }]",
    "name",
    "Invalid input: expected string, received undefined (found nothing)",
  ],
  [
    "name: 5, handler: m.h, triggers: [{ schedule: 5s }]",
    "name",
    "Invalid input: expected string, received number (found 5)",
  ],
  ...["A", "-a", "a_b", "a b", "ä", "x".repeat(64)].map((name): [string, string, string] => [
    `name: ${name}, handler: m.h, triggers: [{ schedule: 5s }]`,
    "name",
    `expected lower-case letters, digits and dashes, 63 at most, no dash first (found ${
      name.length > 60 ? `"${"x".repeat(56)}…` : `"${name}"`
    })`,
  ]),
  [
    "name: a, triggers: [{ schedule: 5s }]",
    "handler",
    "expected module.attribute, such as handler.handler, or the file of a script (found nothing)",
  ],
  ...["handler", "a.", ".a", "a..b", "a-b.c", "1.a", "a.b()"].map((handler): [string, string, string] => [
    `name: a, handler: "${handler}", triggers: [{ schedule: 5s }]`,
    "handler",
    `expected module.attribute, such as handler.handler (found "${handler}")`,
  ]),
  [NAME, "triggers", "Invalid input: expected array, received undefined (found nothing)"],
  [
    `${NAME}, triggers: { schedule: 5s }`,
    "triggers",
    'Invalid input: expected array, received object (found {"schedule":"5s"})',
  ],
  [
    `${NAME}, triggers: []`,
    "triggers",
    "expected at least one trigger, or the function never runs (found [])",
  ],
  [
    `${NAME}, triggers: [5s]`,
    "triggers[0]",
    'expected an object with redisKey, topic, schedule, http or prometheus (found "5s")',
  ],
  [
    `${NAME}, triggers: [null]`,
    "triggers[0]",
    "expected an object with redisKey, topic, schedule, http or prometheus (found null)",
  ],
  ...["false", "{}"].map((http): [string, string, string] => [
    `${NAME}, triggers: [{ http: ${http} }]`,
    "triggers[0].http",
    `expected true; leave the trigger out where the function is not to be called (found ${http})`,
  ]),
  [`${NAME}, triggers: [{ http: true, path: /a }]`, "triggers[0]", 'unknown field "path"'],
  [
    `${NAME}, triggers: [{ schedule: 5s }, { schedule: 5 }]`,
    "triggers[1].schedule",
    "Invalid input: expected string, received number (found 5)",
  ],
  [
    `${NAME}, triggers: [{ schedule: 0s }]`,
    "triggers[0].schedule",
    `${SCHEDULE}: it has 1 field, not five or six (found "0s")`,
  ],
  [
    `${NAME}, triggers: [{ schedule: 0 0 0 1 1 * 2099 }]`,
    "triggers[0].schedule",
    `${SCHEDULE}: it has 7 fields, not five or six (found "0 0 0 1 1 * 2099")`,
  ],
  [
    `${NAME}, triggers: [{ schedule: "2099-01-01T00:00:00" }]`,
    "triggers[0].schedule",
    `${SCHEDULE}: it has 1 field, not five or six (found "2099-01-01T00:00:00")`,
  ],
  [
    `${NAME}, triggers: [{ schedule: 61 * * * * }]`,
    "triggers[0].schedule",
    `${SCHEDULE}: CronPattern: Invalid value for minute: 61 (found "61 * * * *")`,
  ],
  [`${NAME}, triggers: [{ schedule: 5s, redisKey: a }]`, "triggers[0]", 'unknown field "schedule"'],
  ...["gaugelet:outputs", "gaugelet:env:*", "gaugelet:*"].map((key): [string, string, string] => [
    `${NAME}, triggers: [{ redisKey: "${key}" }]`,
    "triggers[0].redisKey",
    `expected a key that does not begin with gaugelet:, or one of an output (gaugelet:output:…) (found "${key}")`,
  ]),
  ...[
    "redisKey: gaugelet:output:a }]",
    "redisKey: usage }], output: { key: usage }",
    'redisKey: "usage:*" }], state: partition, output: { key: usage }',
    'redisKey: "usage:*" }], state: partition, output: { key: "usage:{shard}" }',
  ].map((rest): [string, string, string] => [
    `${NAME}, triggers: [{ ${rest}`,
    "triggers[0].redisKey",
    `${OWN_OUTPUT} (found ${JSON.stringify(/redisKey: "?([^" ]+)/.exec(rest)?.[1])})`,
  ]),
  [
    `${NAME}, triggers: [{ redisKey: "" }]`,
    "triggers[0].redisKey",
    'Too small: expected string to have >=1 characters (found "")',
  ],
  [
    `${NAME}, triggers: [{ redisKey: a, pollInterval: 5 }]`,
    "triggers[0].pollInterval",
    "Invalid input: expected string, received number (found 5)",
  ],
  [
    `${NAME}, triggers: [{ redisKey: a, pollInterval: "5" }]`,
    "triggers[0].pollInterval",
    `${DURATION} (found "5")`,
  ],
  [
    `${NAME}, triggers: [{ redisKey: a, pollInterval: 25d }]`,
    "triggers[0].pollInterval",
    `${DURATION} (found "25d")`,
  ],
  [`${NAME}, triggers: [{ redisKey: a, poll: 5s }]`, "triggers[0]", 'unknown field "poll"'],
  ...["run", "run.rb", "/run.sh", "../run.sh", "bin/../../run.sh", "./run.sh", "bin//run.sh", ".sh"].map(
    (handler): [string, string, string] => [
      `name: a, triggers: [{ schedule: 5s }], language: script, handler: ${handler}`,
      "handler",
      `expected the path of the script's file, such as run.sh, which ends in .py, .sh, .js or .ts (found "${handler}")`,
    ],
  ),
  [`${OK}, language: rust`, "language", 'expected python, javascript, typescript or script (found "rust")'],
  [
    `${OK}, isolation: none`,
    "isolation",
    'Invalid option: expected one of "process"|"sandbox"|"microvm" (found "none")',
  ],
  [`${OK}, network: "no"`, "network", 'Invalid input: expected boolean, received string (found "no")'],
  [
    `${OK}, state: many`,
    "state",
    'Invalid option: expected one of "none"|"function"|"partition" (found "many")',
  ],
  [`${OK}, source: ""`, "source", 'Too small: expected string to have >=1 characters (found "")'],
  [`${OK}, output: null`, "output", "Invalid input: expected object, received null (found null)"],
  [
    `${OK}, output: { key: "" }`,
    "output.key",
    'Too small: expected string to have >=1 characters (found "")',
  ],
  [`${OK}, output: { key: "x:{shard}" }`, "output.key", '{shard} needs state: partition (found "x:{shard}")'],
  [
    `${OK}, output: { staleAfter: 60 }`,
    "output.staleAfter",
    "Invalid input: expected string, received number (found 60)",
  ],
  [`${OK}, output: { topics: ["a b"] }`, "output.topics[0]", `${TOPIC} (found "a b")`],
  [`${NAME}, triggers: [{ topic: "" }]`, "triggers[0].topic", `${TOPIC} (found "")`],
  [`${NAME}, triggers: [{ topic: ".." }]`, "triggers[0].topic", `${TOPIC} (found "..")`],
  [
    `${NAME}, triggers: [{ topic: t }, { schedule: 5s }, { topic: t }]`,
    "triggers[2].topic",
    'expected each topic in one trigger (found "t")',
  ],
  [
    `${NAME}, triggers: [{ topic: t, start: latest }]`,
    "triggers[0].start",
    'expected newest or oldest (found "latest")',
  ],
  [
    `${NAME}, triggers: [{ topic: t, retries: { backoff: { from: 1m, to: 1s } } }]`,
    "triggers[0].retries.backoff",
    'expected from to be at most to (found {"from":"1m","to":"1s"})',
  ],
  [
    `${NAME}, triggers: [{ topic: t, class: gold }]`,
    "triggers[0].class",
    'expected standard, premium, or a weight above 0 and up to 100 (found "gold")',
  ],
  [`${OK}, class: 0`, "class", "Too small: expected number to be >0 (found 0)"],
  [
    `${NAME}, triggers: [{ prometheus: { query: "" } }]`,
    "triggers[0].prometheus.query",
    'Too small: expected string to have >=1 characters (found "")',
  ],
  [`${OK}, limits: { timeout: 0s }`, "limits.timeout", `${DURATION} (found "0s")`],
  [`${OK}, limits: { output: 1x }`, "limits.output", `${SIZE} (found "1x")`],
  [`${OK}, limits: { output: -1 }`, "limits.output", `${SIZE} (found -1)`],
  [`${OK}, limits: { env: 0 }`, "limits.env", `${SIZE} (found 0)`],
  [`${OK}, limits: { ram: 1Gi }`, "limits", 'unknown field "ram"'],
  [
    `${OK}, limits: { memory: 31Mi }`,
    "limits.memory",
    'expected at least 32Mi, or null for no limit (found "31Mi")',
  ],
  [`${OK}, limits: { cpu: 10 }`, "limits.cpu", "Invalid input: expected string, received number (found 10)"],
  [
    `${OK}, limits: { timeout: null }`,
    "limits.timeout",
    "Invalid input: expected string, received null (found null)",
  ],
  [
    `${OK}, limits: { openFiles: 15 }`,
    "limits.openFiles",
    "expected at least 16, or null for no limit (found 15)",
  ],
  [`${OK}, limits: { processes: 0 }`, "limits.processes", "Too small: expected number to be >0 (found 0)"],
  [`${OK}, limits: { disk: 0 }`, "limits.disk", `${SIZE} (found 0)`],
  [`${OK}, workers: { max: 2 }`, "workers.max", `${ONE_WORKER} (found 2)`],
  [`${OK}, workers: { min: 2 }`, "workers.min", `${ONE_WORKER} (found 2)`],
  [`${OK}, workers: { min: 2, max: 3 }`, "workers.max", `${ONE_WORKER} (found 3)`],
  [
    `${OK}, state: none, workers: { min: 3, max: 2 }`,
    "workers.min",
    "expected at most max, which is 2 (found 3)",
  ],
  [`${OK}, workers: { max: 0 }`, "workers.max", "Too small: expected number to be >=1 (found 0)"],
  [`${OK}, workers: { min: -1 }`, "workers.min", "Too small: expected number to be >=0 (found -1)"],
  [
    `${OK}, workers: { spare: 0.5 }`,
    "workers.spare",
    "Invalid input: expected int, received number (found 0.5)",
  ],
  [
    `${OK}, workers: { scaleUp: { utilization: 80 } }`,
    "workers.scaleUp.utilization",
    "Too big: expected number to be <=1 (found 80)",
  ],
  [`${OK}, workers: { scaleUp: { after: 5m } }`, "workers.scaleUp", 'unknown field "after"'],
  [
    `${OK}, workers: { scaleDown: { idle: 5 } }`,
    "workers.scaleDown.idle",
    "Invalid input: expected string, received number (found 5)",
  ],
  [
    `${OK}, limits: { logLinesPerSecond: 1.5 }`,
    "limits.logLinesPerSecond",
    "Invalid input: expected int, received number (found 1.5)",
  ],
  [
    `${OK}, limits: { logLinesPerSecond: 0 }`,
    "limits.logLinesPerSecond",
    "Too small: expected number to be >0 (found 0)",
  ],
  [`${OK}, objective: 99`, "objective", "expected a share above 0 and below 1, such as 0.99 (found 99)"],
  [
    `${OK}, thresholds: [{ field: a }]`,
    "thresholds[0]",
    'expected either above or below (found {"field":"a"})',
  ],
  [
    `${OK}, thresholds: [{ field: a, above: 1, below: 0 }]`,
    "thresholds[0]",
    'expected either above or below (found {"field":"a","above":1,"below":0})',
  ],
  [
    `${OK}, thresholds: [{ field: a, above: "1" }]`,
    "thresholds[0].above",
    'Invalid input: expected number, received string (found "1")',
  ],
  [
    `${OK}, thresholds: [{ field: a, above: 1, severity: bad }]`,
    "thresholds[0].severity",
    'Invalid option: expected one of "info"|"warning"|"critical" (found "bad")',
  ],
  [
    `${OK}, thresholds: [{ field: a, above: 1 }, { field: a, below: 0 }, { field: a, above: 2 }]`,
    "thresholds[2]",
    'expected one threshold for each field, severity and direction (found {"field":"a","above":2})',
  ],
  [`${OK}, environment: [1]`, "environment", "Invalid input: expected record, received array (found [1])"],
];

test.each(cases)("%s", async (manifest, path, message) => {
  await expect(folder.read(`functions: [{ ${manifest} }]`)).rejects.toThrow(
    new ConfigurationError(`FOLDER/gaugelet.yaml: functions[0]: ${path}: ${message}`),
  );
});

test("fields that do not exist are named", async () => {
  await expect(folder.read(`functions: [{ ${OK}, extra: 1, more: 2 }]`)).rejects.toThrow(
    /^FOLDER\/gaugelet\.yaml: functions\[0\]: unknown fields "extra", "more"$/m,
  );
});

test("a time zone that does not exist is named", async () => {
  const trigger = "{ schedule: 0 * * * *, timeZone: Mars/Base }";
  await expect(folder.read(`functions: [{ ${NAME}, triggers: [${trigger}] }]`)).rejects.toThrow(/Mars\/Base/);
});

test("shards need a pattern in every trigger", async () => {
  const triggers = "[{ redisKey: 'm:*' }, { redisKey: metrics }, { schedule: 5s }]";
  const needs = "state: partition needs http, a topic or a key pattern such as metrics:* in every trigger";
  await expect(
    folder.read(`functions: [{ ${NAME}, state: partition, triggers: ${triggers} }]`),
  ).rejects.toThrow(
    new ConfigurationError(
      [
        `FOLDER/gaugelet.yaml: functions[0]: triggers[1]: ${needs} (found {"redisKey":"metrics"})`,
        `FOLDER/gaugelet.yaml: functions[0]: triggers[2]: ${needs} (found {"schedule":"5s"})`,
      ].join("\n"),
    ),
  );
});

test("every problem has a line of its own", async () => {
  await expect(folder.read("functions: [{ name: A, handler: h, triggers: [] }]")).rejects.toThrow(
    /: name: .*\n.*: triggers: .*\n.*: handler: /,
  );
});
