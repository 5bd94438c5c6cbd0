import { z } from "zod";
import type { Database } from "../../database/database.ts";
import { findRun, findRuns, type RunFilter, summaryOf } from "../../runs/find-runs.ts";
import { followRuns, type RunNews } from "../../runs/follow-runs.ts";
import { RUN_STATUSES, TRIGGER_KINDS } from "../../runs/run-record.ts";
import { pageOf, pageQuery, readCursor, writeCursor } from "../contract/page.ts";
import { type CostOf, runAnswer, runInFull, runSummary, summaryAnswer } from "../contract/runs.ts";
import { EVENT_STREAM, eventStream, lastEventId } from "../event-stream.ts";
import { ApiProblem } from "../problems.ts";
import { type Route, route } from "../route.ts";

/** What the routes of runs need. */
export interface RunRoutesParts {
  readonly db: Database;
  readonly news: RunNews;
  readonly costOf: CostOf;
}

const SEES =
  "Administrators see all runs, editors those of their functions, and everybody those that they called themselves.";

const when = z.iso
  .datetime({ offset: true, error: "expected a time such as 2026-11-26T08:00:00Z" })
  .transform((text) => new Date(text));
const short = z.string().min(1).max(255);

const filterQuery = z.strictObject({
  function: short.optional(),
  owner: z.string().max(255).optional(),
  status: z.enum(RUN_STATUSES).optional(),
  trigger: z.enum(TRIGGER_KINDS).optional(),
  user: short.optional(),
  from: when.optional().describe("Queued at this time or later"),
  to: when.optional().describe("Queued before this time"),
  version: short.optional().describe("Its digest, or its number in the catalog"),
  error: short.optional().describe("Part of the error"),
});

const cursor = z.tuple([z.int().min(0).max(8.64e15), z.string().max(64)]);

/** Runs: a list, each in full, and as they come. */
export function runRoutes({ db, news, costOf }: RunRoutesParts): Route[] {
  return [
    route(
      {
        method: "get",
        path: "/runs",
        operationId: "listRuns",
        tag: "Runs",
        summary: "Runs, newest first",
        description: SEES,
        role: "viewer",
        query: filterQuery.extend(pageQuery),
        status: 200,
        answer: pageOf(runSummary),
        problems: [],
      },
      async ({ caller, query: { limit, after, ...filter } }) => {
        const position = after === undefined ? undefined : readCursor(after, cursor);
        const found = await findRuns(
          db,
          caller,
          filter,
          limit,
          position && { queuedAt: new Date(position[0]), id: position[1] },
        );
        const last = found.length < limit ? undefined : found.at(-1);
        return {
          items: found.map((run) => summaryAnswer(run, costOf)),
          next: last === undefined ? null : writeCursor([last.queuedAt.getTime(), last.id]),
        };
      },
    ),
    route(
      {
        method: "get",
        path: "/runs/stream",
        operationId: "streamRuns",
        tag: "Runs",
        summary: "Runs as they are over",
        description: `Server-sent events \`run\`, each a run as the list has it. With \`Last-Event-ID\` those after that one. ${SEES}`,
        role: "viewer",
        query: filterQuery.omit({ from: true, to: true }),
        status: 200,
        streams: EVENT_STREAM,
        problems: [],
      },
      async ({ caller, query, headers, signal }) => {
        const groups = followRuns(db, news, caller, query satisfies RunFilter, lastEventId(headers), signal);
        return await eventStream(
          mapped(groups, (run) => ({
            id: String(run.sequence),
            event: "run",
            data: runSummary.parse(summaryAnswer(summaryOf(run), costOf)),
          })),
        );
      },
    ),
    route(
      {
        method: "get",
        path: "/runs/{id}",
        operationId: "getRun",
        tag: "Runs",
        summary: "A run in full",
        description: SEES,
        role: "viewer",
        params: z.object({ id: z.string().max(64) }),
        status: 200,
        answer: runInFull,
        problems: ["not-found"],
      },
      async ({ caller, params: { id } }) => {
        const run = await findRun(db, caller, id);
        if (run === undefined) throw new ApiProblem("not-found", `there is no run ${JSON.stringify(id)}`);
        return runAnswer(run, costOf);
      },
    ),
  ];
}

/** Each group with its elements changed. */
export async function* mapped<From, To>(
  groups: AsyncIterable<readonly From[]>,
  change: (each: From) => To,
): AsyncGenerator<readonly To[]> {
  for await (const group of groups) yield group.map(change);
}
