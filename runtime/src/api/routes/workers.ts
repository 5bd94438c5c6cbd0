import { z } from "zod";
import type { FunctionRunner } from "../../functions/function-runner.ts";
import type { PoolState } from "../../workers/pool-state.ts";
import type { ScalingLog } from "../../workers/scaling-log.ts";
import { functionWorkers, scalingView } from "../contract/workers.ts";
import { pageOf, pageQuery, readCursor, writeCursor } from "../pages.ts";
import { type Route, route } from "../route.ts";

const TAG = "Workers";

/** What {@link workerRoutes} need. */
export interface WorkerRouteParts {
  /** Id of the instance that answers. */
  readonly instance: string;
  readonly runners: () => readonly FunctionRunner[];
  readonly scalings: ScalingLog;
}

/** The processes that functions run in here. */
export function workerRoutes({ instance, runners, scalings }: WorkerRouteParts): Route[] {
  return [
    route(
      {
        method: "get",
        path: "/workers",
        operationId: "listWorkers",
        tag: TAG,
        summary: "The workers of each function, in the instance that answers",
        role: "viewer",
        query: z.object({
          ...pageQuery,
          function: z.string().min(1).optional().describe("of this function alone"),
        }),
        status: 200,
        answer: pageOf(functionWorkers).extend({ instance: z.string() }),
        problems: [],
      },
      async ({ query: { limit, after, function: name } }) => {
        const last = readCursor(z.string(), after) ?? "";
        const found = runners()
          .filter(({ definition }) => definition.name > last && (name ?? definition.name) === definition.name)
          .sort((a, b) => (a.definition.name < b.definition.name ? -1 : 1));
        const page = found.slice(0, limit);
        return {
          instance,
          items: page.map(viewOf),
          next: found.length > limit ? writeCursor(page.at(-1)?.definition.name ?? "") : null,
        };
      },
    ),
    route(
      {
        method: "get",
        path: "/workers/decisions",
        operationId: "listScalingDecisions",
        tag: TAG,
        summary: "The newest decisions to have more workers or fewer, newest first",
        description: "Of the instance that answers, since it started; 1,000 of all functions are remembered.",
        role: "viewer",
        query: z.object({ limit: pageQuery.limit, function: z.string().min(1).optional() }),
        status: 200,
        answer: z.object({ instance: z.string(), items: z.array(scalingView) }),
        problems: [],
      },
      async ({ query: { limit, function: name } }) => ({
        instance,
        items: scalings.recent(limit, name).map((note) => ({ ...note, at: new Date(note.at).toISOString() })),
      }),
    ),
  ];
}

function viewOf({ definition, status, otherOwner }: FunctionRunner): z.input<typeof functionWorkers> {
  const { workerState, workerCounts } = status;
  return {
    function: definition.name,
    owner: definition.owner,
    state: workerState.kind,
    reason: reasonOf(workerState),
    version: status.version,
    isolation: definition.isolation,
    min: definition.workers.min,
    max: definition.workers.max,
    target: workerCounts.target,
    ready: workerCounts.ready,
    utilization: status.utilization,
    waitingEvents: status.waiting,
    standbyFor: otherOwner ?? null,
    workers: status.workers.map(({ pid, memoryBytes, ...worker }) => ({
      ...worker,
      pid: pid ?? null,
      memoryBytes: memoryBytes === 0 ? null : memoryBytes,
    })),
  };
}

function reasonOf(state: PoolState): string | null {
  if (state.kind === "failing") return state.reason;
  return state.kind === "ready" && state.refused !== undefined ? state.refused.reason : null;
}
