import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { manifestSchema } from "../src/configuration/manifest.ts";
import { RuntimeMetrics } from "../src/observability/metrics.ts";

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
    /\b(?:GAUGELET_[A-Z_]+|REDIS_[A-Z_]+|FUNCTION_[A-Z]+|POLL_INTERVAL_SECONDS|GRAFANA_HOME)\b/g;
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
  );
  // What the parts of `npm start` tell each other, and the patterns of names in the code.
  const internal = new Set([
    "GAUGELET_LAUNCHER_PID",
    "GAUGELET_PROMETHEUS_URL",
    "GAUGELET_DASHBOARDS_PATH",
    "GAUGELET_",
    "REDIS_",
    "REDIS_TLS_",
  ]);
  expect([...read].filter((name) => !documented.has(name) && !internal.has(name))).toEqual([]);
  expect([...documented].filter((name) => !read.has(name))).toEqual([]);
});

test("every metric of the runtime is documented, and every documented one exists", async () => {
  const metrics = new RuntimeMetrics(() => []);
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
