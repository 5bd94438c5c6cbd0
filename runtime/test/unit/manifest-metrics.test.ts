import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { registerManifestMetrics } from "../../src/observability/manifest-metrics.ts";
import { useConfigurationFolder } from "./configuration-folder.ts";

const folder = useConfigurationFolder();

test("metrics show what a manifest says, and nothing where it sets no limit", async () => {
  const definitions = await folder.read(`functions:
    - { name: a, handler: m.h, triggers: [{ http: true }], owner: data-team, objective: 0.999, state: none,
        limits: { timeout: 2s, memory: 64Mi }, workers: { min: 2, max: 8 },
        thresholds: [{ field: f, above: 0.9, for: 10m, severity: critical }, { field: g, below: -1 }] }
    - { name: b, handler: m.h, triggers: [{ http: true }], limits: { memory: null } }`);
  const registry = new Registry();
  registerManifestMetrics(registry, () => definitions);
  expect(await linesOf(registry)).toEqual(
    [
      'gaugelet_function_info{function="a",owner="data-team",language="python"} 1',
      'gaugelet_function_info{function="b",owner="",language="python"} 1',
      'gaugelet_function_success_objective_ratio{function="a"} 0.999',
      'gaugelet_function_success_objective_ratio{function="b"} 0.99',
      'gaugelet_function_threshold_for_seconds{function="a",field="f",severity="critical",direction="above"} 600',
      'gaugelet_function_threshold_for_seconds{function="a",field="g",severity="warning",direction="below"} 60',
      'gaugelet_function_threshold{function="a",field="f",severity="critical",direction="above"} 0.9',
      'gaugelet_function_threshold{function="a",field="g",severity="warning",direction="below"} -1',
      'gaugelet_function_timeout_seconds{function="a"} 2',
      'gaugelet_function_timeout_seconds{function="b"} 30',
      'gaugelet_worker_memory_limit_bytes{function="a"} 67108864',
      'gaugelet_workers_maximum{function="a"} 8',
      'gaugelet_workers_maximum{function="b"} 1',
      'gaugelet_workers_minimum{function="a"} 2',
      'gaugelet_workers_minimum{function="b"} 1',
    ].sort(),
  );
});

test("nothing stays of what a manifest said before, or of a function that is gone", async () => {
  let definitions = await folder.read(`functions:
    - { name: a, handler: m.h, triggers: [{ http: true }], owner: data-team, thresholds: [{ field: f, above: 1 }] }
    - { name: b, handler: m.h, triggers: [{ http: true }], thresholds: [{ field: g, above: 1 }] }`);
  const registry = new Registry();
  registerManifestMetrics(registry, () => definitions);
  expect((await linesOf(registry)).filter((line) => /threshold{|b"/.test(line))).not.toEqual([]);
  definitions = await folder.read(`functions:
    - { name: a, handler: m.h, triggers: [{ http: true }], owner: web-team, limits: { memory: null } }`);
  expect(await linesOf(registry)).toEqual([
    'gaugelet_function_info{function="a",owner="web-team",language="python"} 1',
    'gaugelet_function_success_objective_ratio{function="a"} 0.99',
    'gaugelet_function_timeout_seconds{function="a"} 30',
    'gaugelet_workers_maximum{function="a"} 1',
    'gaugelet_workers_minimum{function="a"} 1',
  ]);
});

async function linesOf(registry: Registry): Promise<string[]> {
  const lines = (await registry.metrics()).split("\n").filter((line) => /^[^#]/.test(line));
  return lines.sort();
}
