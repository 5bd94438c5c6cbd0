import { z } from "zod";
import { recordAudit } from "../../access/audit.ts";
import type { Caller } from "../../access/caller.ts";
import type { Database } from "../../database/database.ts";
import type { DeadLetters, KeptLetter } from "../../dead-letters/dead-letters.ts";
import type { FunctionOwners } from "../../functions/owners.ts";
import { functionName, letterId, letterView } from "../contract/dead-letters.ts";
import { withEngineProblems } from "../engine-problems.ts";
import { pageOf, pageQuery, readCursor, writeCursor } from "../pages.ts";
import { ApiProblem } from "../problems.ts";
import { type Route, route } from "../route.ts";
import { shownBytes } from "../shown-bytes.ts";

const TAG = "Dead letters";
const ofFunction = z.object({ name: functionName });
const ofLetter = z.object({ name: functionName, id: letterId });
const replayed = z.object({ replayed: z.number().describe("how many are handled once more") });

/** What {@link deadLetterRoutes} need. */
export interface DeadLetterRouteParts {
  readonly db: Database;
  readonly letters: DeadLetters;
  readonly owners: FunctionOwners;
}

/** Events that functions could not handle: their owners look at them, and decide. */
export function deadLetterRoutes({ db, letters, owners }: DeadLetterRouteParts): Route[] {
  const requireOwner = async (caller: Caller, name: string): Promise<void> => {
    if (!(await owners.isOf(caller, name))) throw new ApiProblem("not-found", `there is no function ${name}`);
  };
  return [
    route(
      {
        method: "get",
        path: "/functions/{name}/dead-letters",
        operationId: "listDeadLetters",
        tag: TAG,
        summary: "Events that a function could not handle, oldest first",
        role: "editor",
        params: ofFunction,
        query: z.object(pageQuery),
        status: 200,
        answer: pageOf(letterView).extend({ count: z.number().describe("of all pages") }),
        problems: ["not-found"],
      },
      ({ params: { name }, query: { limit, after }, caller }) =>
        withEngineProblems(async () => {
          await requireOwner(caller, name);
          const last = readCursor(letterId, after) ?? "";
          // One more than asked for says whether there is a next page.
          const found = await letters.list(name, limit + 1, last);
          const page = found.slice(0, limit);
          return {
            items: page.map(viewOf),
            next: found.length > limit ? writeCursor(page.at(-1)?.id ?? "") : null,
            count: await letters.count(name),
          };
        }),
    ),
    route(
      {
        method: "post",
        path: "/functions/{name}/dead-letters/replay",
        operationId: "replayAllDeadLetters",
        tag: TAG,
        summary: "Let a function handle all of its dead letters once more",
        description: "Those that came from no topic stay.",
        role: "editor",
        params: ofFunction,
        status: 200,
        answer: replayed,
        problems: ["not-found"],
      },
      ({ params: { name }, caller }) =>
        withEngineProblems(async () => {
          await requireOwner(caller, name);
          const count = await letters.replayAll(name);
          if (count > 0) await recordAudit(db, caller, "dead-letter.replay", name, { count });
          return { replayed: count };
        }),
    ),
    route(
      {
        method: "post",
        path: "/functions/{name}/dead-letters/{id}/replay",
        operationId: "replayDeadLetter",
        tag: TAG,
        summary: "Let a function handle a dead letter once more",
        role: "editor",
        params: ofLetter,
        status: 200,
        answer: replayed,
        problems: ["not-found", "conflict"],
      },
      ({ params: { name, id }, caller }) =>
        withEngineProblems(async () => {
          await requireOwner(caller, name);
          if (await letters.replay(name, id)) {
            await recordAudit(db, caller, "dead-letter.replay", name, { id });
            return { replayed: 1 };
          }
          if ((await letters.get(name, id)) === undefined) throw noLetter(name, id);
          throw new ApiProblem("conflict", `dead letter ${id} came from no topic: call the function with it`);
        }),
    ),
    route(
      {
        method: "delete",
        path: "/functions/{name}/dead-letters/{id}",
        operationId: "dropDeadLetter",
        tag: TAG,
        summary: "Forget a dead letter",
        role: "editor",
        params: ofLetter,
        status: 204,
        problems: ["not-found"],
      },
      ({ params: { name, id }, caller }) =>
        withEngineProblems(async () => {
          await requireOwner(caller, name);
          if ((await letters.drop(name, [id])) === 0) throw noLetter(name, id);
          await recordAudit(db, caller, "dead-letter.drop", name, { id });
          return undefined;
        }),
    ),
    route(
      {
        method: "delete",
        path: "/functions/{name}/dead-letters",
        operationId: "dropAllDeadLetters",
        tag: TAG,
        summary: "Forget all dead letters of a function",
        role: "editor",
        params: ofFunction,
        status: 200,
        answer: z.object({ dropped: z.number() }),
        problems: ["not-found"],
      },
      ({ params: { name }, caller }) =>
        withEngineProblems(async () => {
          await requireOwner(caller, name);
          const count = await letters.dropAll(name);
          if (count > 0) await recordAudit(db, caller, "dead-letter.drop", name, { count });
          return { dropped: count };
        }),
    ),
  ];
}

function noLetter(name: string, id: string): ApiProblem {
  return new ApiProblem("not-found", `${name} has no dead letter ${id}`);
}

function viewOf(letter: KeptLetter): z.input<typeof letterView> {
  const { id, failedAt, error, details, attempts, source, topic, timestamp, key, headers, event } = letter;
  const isOfTopic = topic !== "";
  return {
    id,
    failedAt: new Date(failedAt).toISOString(),
    error,
    traceback: details === "" ? null : details,
    attempts,
    source,
    topic: isOfTopic ? topic : null,
    partition: isOfTopic ? letter.partition : null,
    position: isOfTopic ? letter.offset : null,
    publishedAt: timestamp === null ? null : new Date(timestamp).toISOString(),
    key: key?.toString() ?? null,
    headers: { ...headers },
    ...shownBytes(event),
  };
}
