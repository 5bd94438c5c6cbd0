import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as keys from "@gaugelet/shared/keys";
import { parseDuration } from "@gaugelet/shared/units";
import { expect, test } from "vitest";
import { manifestSchema } from "../src/configuration/manifest.ts";
import { type TopicTriggerSpec, triggerSchema } from "../src/configuration/triggers.ts";
import { ConfigurationMetrics } from "../src/observability/configuration-metrics.ts";
import { RuntimeMetrics } from "../src/observability/metrics.ts";
import { topicsCommand } from "../src/topics-command/command.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

async function namesIn(pattern: RegExp, ...globs: string[]): Promise<Set<string>> {
  const names = new Set<string>();
  for await (const file of glob(globs, { cwd: ROOT, exclude: ["**/node_modules/**"] })) {
    for (const [name] of (await readFile(join(ROOT, file), "utf8")).matchAll(pattern)) names.add(name);
  }
  return names;
}

test("every environment variable is documented, and every documented one is read", async () => {
  const pattern =
    /\b(?:GAUGELET_[A-Z_]+|REDIS_[A-Z_]+|KAFKA_[A-Z_]+|FUNCTION_[A-Z]+|POLL_INTERVAL_SECONDS|PROMETHEUS_URL|GRAFANA_HOME)\b/g;
  const read = await namesIn(
    pattern,
    "runtime/src/configuration/*.ts",
    "shared/src/redis/environment.ts",
    "exporter/src/environment.ts",
    "functions/*/handler.py",
    "stack/src/settings.ts",
    "stack/src/grafana/*.ts",
  );
  const documented = await namesIn(
    pattern,
    "docs/reference/environment.md",
    "docs/reference/exporter.md",
    "docs/reference/redis.md",
    "docs/reference/topics.md",
  );
  // What the parts of `npm start` tell each other, and the patterns of names in the code.
  const internal = new Set([
    "GAUGELET_LAUNCHER_PID",
    "GAUGELET_PROMETHEUS_URL",
    "GAUGELET_DASHBOARDS_PATH",
    "GAUGELET_",
    "REDIS_",
    "REDIS_TLS_",
    "KAFKA_TLS_",
  ]);
  expect([...read].filter((name) => !documented.has(name) && !internal.has(name))).toEqual([]);
  expect([...documented].filter((name) => !read.has(name))).toEqual([]);
});

test("every metric of the runtime is documented, and every documented one exists", async () => {
  const metrics = new RuntimeMetrics(() => []);
  new ConfigurationMetrics(metrics.registry);
  const existing = (await metrics.registry.getMetricsAsJSON())
    .map(({ name }) => name)
    .filter((name) => name.startsWith("gaugelet_"));
  const documented = await namesIn(/(?<!:)\bgaugelet_[a-z_]+\b/g, "docs/reference/metrics.md");
  expect([...documented].sort()).toEqual(existing.sort());
});

test("every field of the manifest is documented", async () => {
  const page = await readFile(join(ROOT, "docs/reference/manifest.md"), "utf8");
  const { output, limits, ...rest } = manifestSchema.shape;
  const nested = { output: output.unwrap().shape, limits: limits.unwrap().shape };
  const fields = [
    ...Object.keys(rest),
    ...Object.entries(nested).flatMap(([name, shape]) =>
      Object.keys(shape).map((field) => `${name}.${field}`),
    ),
  ];
  for (const field of fields) expect(page).toContain(`\`${field}\``);
});

/** The rows of the tables in one section of a page: their cells, without the back-quotes of names. */
async function rowsOf(file: string, heading: string): Promise<string[][]> {
  const page = await readFile(join(ROOT, file), "utf8");
  const section = page.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/^\| (.*) \|$/gm)].map(([, row = ""]) =>
    row.split(" | ").map((cell) => cell.trim().replaceAll("`", "")),
  );
}

test("every field of a topic's trigger is documented with its default", async () => {
  const rows = new Map(
    (await rowsOf("docs/reference/topics.md", "Triggers")).map((cells) => [
      cells[0] ?? "",
      cells.at(-1) ?? "",
    ]),
  );
  const { batch, retries, ...rest } = triggerSchema.parse({
    topic: "t",
    batch: { size: 1 },
  }) as TopicTriggerSpec;
  const { backoff, ...ofRetries } = retries;
  const nested = { "": rest, "batch.": batch ?? {}, "retries.": ofRetries, "retries.backoff.": backoff };
  const fields = Object.entries(nested).flatMap(([prefix, object]) =>
    Object.entries(object).map(([name, value]) => [prefix + name, value] as const),
  );
  // Names of the table itself, and fields without a default of their own.
  const others = ["field", "class", "batch"];
  const names = [...rows.keys()].filter((name) => !others.includes(name) && !/^-+$/.test(name));
  expect(names.sort()).toEqual(fields.map(([name]) => name).sort());
  for (const [name, value] of fields) {
    if (name === "topic" || name === "batch.size") continue;
    const said = rows.get(name)?.replace(/:.*/, "") ?? "";
    expect(`${name}: ${parseDuration(said) ?? said}`).toBe(`${name}: ${String(value)}`);
  }
});

test("every command about topics is documented, with its options", async () => {
  const rows = await rowsOf("docs/reference/topics.md", "From a shell");
  const { commands } = topicsCommand({}, process.stdin, () => {});
  const documented = rows.map(([name = ""]) => name.split(" ")[0] ?? "").slice(2);
  expect(documented.sort()).toEqual(commands.map((command) => command.name()).sort());
  for (const command of commands) {
    const row = rows.find(([name = ""]) => name.split(" ")[0] === command.name())?.join(" ");
    for (const { long } of command.options) expect(`${command.name()}: ${row}`).toContain(long);
  }
});

test("every key that Gaugelet keeps in Redis is documented", async () => {
  const page = await readFile(join(ROOT, "docs/reference/redis.md"), "utf8");
  const names = Object.values(keys).flatMap((each) => {
    if (each === keys.isReservedKey) return [];
    if (typeof each === "string") return [each];
    const named = each as (name: string, key: string) => string;
    const ofFunction: unknown[] = [keys.deadLetterKey, keys.defaultOutputKey, keys.invocationKey];
    const isOfFunction = ofFunction.includes(each);
    if (each === keys.recordedKey) return [keys.recordedKey("<writer>")];
    const isOfTopic = each === keys.topicKey;
    const isOfInstance = each === keys.instanceKey;
    const owner = isOfFunction
      ? "<function>"
      : isOfTopic
        ? "<topic>"
        : isOfInstance
          ? "<instance>"
          : "<output key>";
    return [named(owner, "<key>")];
  });
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) expect(page).toContain(`\`${name}`);
});
