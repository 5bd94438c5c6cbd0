import type { Logger } from "pino";
import { z } from "zod";
import type { Caller } from "../../access/caller.ts";
import type { RuntimeConfiguration } from "../../configuration/environment.ts";
import type { FunctionDefinition } from "../../configuration/manifest.ts";
import type { Database } from "../../database/database.ts";
import type { CodePlaces } from "../../packages/bring-code.ts";
import { recordedInputs } from "../../replay/recorded-inputs.ts";
import { Replay, type ReplayState } from "../../replay/replay.ts";
import { ReplayWorker } from "../../replay/replay-worker.ts";
import { replayedCode } from "../../replay/replayed-code.ts";
import type { Replays } from "../../replay/replays.ts";
import type { RunParts } from "../../runs/function-runs.ts";
import type { KnownFunctions } from "../../runs/known-functions.ts";
import type { RedisStore } from "../../sinks/redis-store.ts";
import type { TopicsOnDemand } from "../../topics/on-demand.ts";
import type { OwnerLimits } from "../../usage/owner-limits.ts";
import type { UsageMeter } from "../../usage/usage-meter.ts";
import type { WorkerOptions } from "../../workers/worker.ts";
import { ApiProblem } from "../problems.ts";
import { type Route, route } from "../route.ts";
import { find } from "./invocations.ts";

/** What the routes of replays need. */
export interface ReplayRoutesParts {
  readonly db: Database;
  readonly configuration: RuntimeConfiguration;
  readonly functions: KnownFunctions;
  readonly replays: Replays;
  readonly store: RedisStore;
  readonly runParts: RunParts;
  readonly workerFor: (definition: FunctionDefinition) => WorkerOptions;
  readonly topics: TopicsOnDemand;
  readonly limits: OwnerLimits;
  readonly meter: UsageMeter;
  readonly places: CodePlaces;
  readonly log: Logger;
}

const when = z.iso
  .datetime({ offset: true, error: "expected a time such as 2026-11-26T08:00:00Z" })
  .transform((text) => new Date(text));

const body = z.strictObject({
  from: when.optional().describe("Runs that were queued at this time or later"),
  to: when.optional().describe("Runs that were queued before this time"),
  runs: z.array(z.string().max(64)).min(1).max(1000).optional().describe("Ids of runs"),
  version: z.int32().min(1).optional().describe("In the catalog; left out: the one that runs"),
  env: z.enum(["fresh", "copy"], "expected fresh or copy").default("fresh"),
  limit: z.int().min(1).max(1000).default(100),
  write: z.boolean().default(false).describe("Publish the outputs to the topics of `output.topics`"),
});

const outcome = z.object({
  status: z.string(),
  output: z.unknown(),
  error: z.string().nullable(),
  runSeconds: z.number().nullable(),
});

const replayAnswer = z.object({
  id: z.string(),
  function: z.string(),
  status: z.enum(["running", "completed", "failed", "cancelled"]),
  error: z.string().nullable(),
  startedAt: z.iso.datetime(),
  total: z.int(),
  done: z.int(),
  skipped: z.int().describe("Runs whose input is not recorded whole"),
  equal: z.int(),
  different: z.int(),
  oldFailures: z.int(),
  newFailures: z.int(),
  oldRunSeconds: z.number(),
  newRunSeconds: z.number(),
  runs: z.array(
    z.object({
      run: z.string(),
      isEqual: z.boolean(),
      differences: z.array(z.object({ path: z.string(), old: z.unknown(), new: z.unknown() })),
      old: outcome,
      new: outcome,
    }),
  ),
});

/** Recorded inputs through another version, and what comes out otherwise. */
export function replayRoutes(parts: ReplayRoutesParts): Route[] {
  const { db, configuration, functions, replays, store, runParts, workerFor, topics, places, log } = parts;
  const { limits, meter } = parts;
  const params = z.object({ id: z.string().max(64) });
  return [
    route(
      {
        method: "post",
        path: "/functions/{name}/replays",
        operationId: "replayRuns",
        tag: "Runs",
        summary: "Run recorded inputs through a version, and compare",
        description:
          "The runs of a time or those that are named, oldest first, in a worker of their own; no output is stored. With `env: copy` each shard begins with what is stored of its env now.",
        role: "editor",
        params: z.object({ name: z.string().max(255) }),
        body,
        status: 202,
        answer: replayAnswer,
        problems: ["not-found", "budget-spent"],
      },
      async ({ caller, params: { name }, body: { version, env, write, ...range } }) => {
        const found = await find(functions, name);
        if (caller.role !== "admin" && found.owner !== caller.user) {
          throw new ApiProblem("not-found", `there is no function ${JSON.stringify(name)}`);
        }
        refuseMore(replays);
        refuseSpent(limits, found.owner);
        const code = await replayedCode({ db, configuration, places, log }, found, version);
        if (typeof code === "string") throw new ApiProblem("invalid-request", `body: version: ${code}`);
        const { definition } = code;
        if (write && definition.outputTopics.length === 0) {
          throw new ApiProblem("invalid-request", `body: write: ${name} publishes its outputs to no topic`);
        }
        const recorded = await recordedInputs(db, caller, name, range);
        const publisher = write ? (await topics.open()).publisher : undefined;
        // Others may have been begun since.
        refuseMore(replays);
        const replay = new Replay({
          id: runParts.ids.next(Date.now()),
          definition,
          user: caller.user,
          recorded,
          open: async (signal) =>
            new ReplayWorker({
              definition,
              code: await code.prepare(signal),
              options: workerFor(definition),
              store: env === "copy" ? store : undefined,
              signal,
            }),
          store,
          runParts,
          count: (used) => meter.tallyOf(definition).count(used),
          refusal: () => limits.budgets.refusal(definition.owner)?.message,
          publisher,
        });
        replays.add(replay);
        return answerOf(replay);
      },
    ),
    route(
      {
        method: "get",
        path: "/replays/{id}",
        operationId: "getReplay",
        tag: "Runs",
        summary: "How far a replay is, and what came out",
        description: "Known to the runtime that it was begun in, for an hour after its end.",
        role: "editor",
        params,
        status: 200,
        answer: replayAnswer,
        problems: ["not-found"],
      },
      async ({ caller, params: { id } }) => answerOf(replayOf(replays, caller, id)),
    ),
    route(
      {
        method: "delete",
        path: "/replays/{id}",
        operationId: "cancelReplay",
        tag: "Runs",
        summary: "Stop a replay",
        role: "editor",
        params,
        status: 204,
        problems: ["not-found"],
      },
      async ({ caller, params: { id } }) => {
        await replayOf(replays, caller, id).cancel();
        return undefined;
      },
    ),
  ];
}

/** @throws ApiProblem where no more may begin. */
function refuseMore(replays: Replays): void {
  if (!replays.isFull) return;
  throw new ApiProblem("too-many-requests", "other replays are under way; try again when they are over");
}

/** @throws ApiProblem where the owner has spent a hard budget. */
function refuseSpent({ budgets }: OwnerLimits, owner: string): void {
  const refusal = budgets.refusal(owner);
  if (refusal === undefined) return;
  const { outcome, message, resetsAt, retryAfterSeconds } = refusal;
  throw new ApiProblem(outcome, message, { resetsAt }, { "retry-after": String(retryAfterSeconds) });
}

function replayOf(replays: Replays, { role, user }: Caller, id: string): Replay {
  const replay = replays.get(id);
  const isTheirs = replay !== undefined && (role === "admin" || replay.user === user);
  if (!isTheirs) throw new ApiProblem("not-found", `this runtime knows no replay ${JSON.stringify(id)}`);
  return replay;
}

function answerOf({ id, definition, startedAt, state }: Replay): z.input<typeof replayAnswer> {
  const { runs } = state;
  const count = (is: (run: ReplayState["runs"][number]) => boolean): number => runs.filter(is).length;
  const seconds = (which: "old" | "new"): number =>
    runs.reduce((sum, run) => sum + (run[which].runSeconds ?? 0), 0);
  return {
    id,
    function: definition.name,
    startedAt: startedAt.toISOString(),
    ...state,
    done: runs.length + state.skipped,
    equal: count(({ isEqual }) => isEqual),
    different: count(({ isEqual }) => !isEqual),
    oldFailures: count(({ old }) => old.status !== "completed"),
    newFailures: count((run) => run.new.status !== "completed"),
    oldRunSeconds: seconds("old"),
    newRunSeconds: seconds("new"),
    runs: runs.map((run) => ({ ...run, differences: [...run.differences] })),
  };
}
