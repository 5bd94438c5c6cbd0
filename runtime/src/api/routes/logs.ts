import { z } from "zod";
import type { Database } from "../../database/database.ts";
import { findLines } from "../../runs/find-lines.ts";
import type { StoredRun } from "../../runs/find-runs.ts";
import { followRuns, type RunNews } from "../../runs/follow-runs.ts";
import type { KnownFunctions } from "../../runs/known-functions.ts";
import { EVENT_STREAM, eventStream, lastEventId } from "../event-stream.ts";
import { type Route, route } from "../route.ts";
import { find } from "./invocations.ts";
import { mapped } from "./runs.ts";

const lines = z.object({
  run: z.string(),
  status: z.string(),
  finishedAt: z.iso.datetime().nullable(),
  lines: z
    .array(z.string())
    .describe("What its handler logged and printed; of a failure its traceback at the end"),
});

/** What functions write. */
export function logRoutes(parts: {
  readonly db: Database;
  readonly news: RunNews;
  readonly functions: KnownFunctions;
}): Route[] {
  const { db, news, functions } = parts;
  return [
    route(
      {
        method: "get",
        path: "/functions/{name}/logs",
        operationId: "getLogs",
        tag: "Runs",
        summary: "What a function wrote",
        description:
          "The newest recorded runs that wrote something, oldest first. With `follow` server-sent events `lines` as runs are over, from now on or after `Last-Event-ID`.",
        role: "viewer",
        params: z.object({ name: z.string().max(255) }),
        query: z.strictObject({
          limit: z.coerce.number().int().min(1).max(1000).default(100).describe("How many runs at most"),
          follow: z.enum(["true", "false"], "expected true or false").default("false"),
        }),
        status: 200,
        answer: z.object({ items: z.array(lines) }),
        streams: EVENT_STREAM,
        problems: ["not-found"],
      },
      async ({ caller, params: { name }, query: { limit, follow }, headers, signal }) => {
        await find(functions, name);
        if (follow === "false") {
          return { items: (await findLines(db, caller, name, limit)).map(linesOf) };
        }
        const groups = followRuns(db, news, caller, { function: name }, lastEventId(headers), signal);
        const told = mapped(groups, (run) => ({
          id: String(run.sequence),
          event: "lines",
          data: linesOf(run),
        }));
        return await eventStream(withSome(told));
      },
    ),
  ];
}

function linesOf({
  id,
  status,
  finishedAt,
  logs,
  error,
  traceback,
}: Pick<StoredRun, "id" | "status" | "finishedAt" | "logs" | "error" | "traceback">): z.input<typeof lines> {
  const failure = traceback ?? error;
  return {
    run: id,
    status,
    finishedAt: finishedAt?.toISOString() ?? null,
    lines: failure === null ? [...logs] : [...logs, failure],
  };
}

/** Runs that wrote nothing are not told of. */
async function* withSome<Event extends { readonly data: { readonly lines: readonly string[] } }>(
  groups: AsyncIterable<readonly Event[]>,
): AsyncGenerator<readonly Event[]> {
  for await (const group of groups) yield group.filter(({ data }) => data.lines.length > 0);
}
