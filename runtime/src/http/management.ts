import type { Redis } from "ioredis";
import type { FunctionRunner } from "../functions/function-runner.ts";
import type { RuntimeMetrics } from "../observability/metrics.ts";
import { type Route, text } from "./server.ts";

/**
 * The management port: `/healthz` (the process answers), `/readyz` (Redis answers and every function's
 * first load has been tried; one broken function does not take the others out of service), `/metrics`.
 */
export function managementRoutes(
  redis: Redis,
  runners: readonly FunctionRunner[],
  metrics: RuntimeMetrics,
): Record<string, Route> {
  return {
    "/healthz": () => text(200, "ok\n"),
    "/readyz": () => readiness(redis, runners),
    "/metrics": async () => ({
      status: 200,
      type: metrics.registry.contentType,
      body: await metrics.registry.metrics(),
    }),
  };
}

function readiness(redis: Redis, runners: readonly FunctionRunner[]) {
  const isUp = redis.status === "ready";
  const states = runners.map(({ definition, workerState }) => ({
    name: definition.name,
    state: workerState,
  }));
  const ready = isUp && states.every(({ state }) => state.kind !== "starting");
  const lines = states.map(
    ({ name, state }) =>
      `function ${name}: ${state.kind}${state.kind === "failing" ? `: ${state.reason}` : ""}`,
  );
  return text(ready ? 200 : 503, [`redis: ${isUp ? "up" : "down"}`, ...lines, ""].join("\n"));
}
