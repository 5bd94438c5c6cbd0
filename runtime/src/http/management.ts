import type { Redis } from "ioredis";
import type { FunctionRunner } from "../functions/function-runner.ts";
import type { RuntimeMetrics } from "../observability/metrics.ts";
import { within } from "../within.ts";
import type { PoolState } from "../workers/pool-state.ts";
import { type Route, text } from "./server.ts";

const PING_MILLISECONDS = 1_000;

/**
 * The management port: `/healthz` (the process answers), `/readyz` (Redis answers and every function's
 * first load has been tried; one broken function does not take the others out of service), `/metrics`.
 *
 * @param problem why the newest configuration is not in force, where it is not: what runs goes on, ready as before.
 */
export function managementRoutes(
  redis: Redis,
  runners: () => readonly FunctionRunner[],
  problem: () => string | undefined,
  metrics: RuntimeMetrics,
): Record<string, Route> {
  return {
    "/healthz": () => text(200, "ok\n"),
    "/readyz": () => readiness(redis, runners(), problem()),
    "/metrics": async () => ({
      status: 200,
      type: metrics.registry.contentType,
      body: await metrics.registry.metrics(),
    }),
  };
}

async function readiness(redis: Redis, runners: readonly FunctionRunner[], problem: string | undefined) {
  const isUp = await answers(redis);
  const states = runners.map(({ definition, status, isOwnerKnown, otherOwner }) => ({
    name: definition.name,
    state: status.workerState,
    isOwnerKnown,
    standby: otherOwner === undefined ? "" : `, standing by (owner: ${otherOwner})`,
  }));
  const ready = isUp && states.every(({ state, isOwnerKnown }) => state.kind !== "starting" && isOwnerKnown);
  const lines = states.map(
    ({ name, state, standby }) => `function ${name}: ${state.kind}${stateText(state)}${standby}`,
  );
  const problems = problem?.split("\n").map((line) => `configuration: ${line}`) ?? [];
  return text(ready ? 200 : 503, [`redis: ${isUp ? "up" : "down"}`, ...problems, ...lines, ""].join("\n"));
}

/** Whether Redis answers within a second; a connection alone may be one to a server that hangs. */
async function answers(redis: Redis): Promise<boolean> {
  const pong = redis.ping().then(
    () => true,
    () => false,
  );
  return await within(PING_MILLISECONDS, pong, false);
}

function stateText(state: PoolState): string {
  if (state.kind === "failing") return `: ${state.reason}`;
  return state.kind === "ready" && state.refused !== undefined
    ? `, changed code ${state.refused.reason}`
    : "";
}
