import { z } from "zod";
import { checkDeployment } from "../../catalog/check.ts";
import { createFunction, deployVersion } from "../../catalog/deploy.ts";
import { listFunctions, readFunction } from "../../catalog/functions.ts";
import { deleteFunction, purgeFunction, setPaused, undeleteFunction } from "../../catalog/lifecycle.ts";
import { loadFunction } from "../../catalog/load.ts";
import type { CatalogParts } from "../../catalog/parts.ts";
import {
  checkAnswer,
  checkBody,
  createBody,
  deployAnswer,
  deployBody,
  functionDetails,
  functionFilter,
  functionParams,
  functionSummary,
  loadAnswer,
  loadBody,
  MAX_UPLOAD_BODY_BYTES,
} from "../contract/functions.ts";
import { withEngineProblems } from "../engine-problems.ts";
import { pageOf, pageQuery, readCursor, writeCursor } from "../pages.ts";
import { type Route, route } from "../route.ts";

const functionPlace = z.tuple([z.string(), z.enum(["api", "file"])]);
const tag = "Functions";
const CHANGE_PROBLEMS = ["not-found", "gone", "conflict"] as const;
const UPLOAD_PROBLEMS = ["too-large", "unsupported-media-type", "invalid-code", "conflict"] as const;

/** Functions: made, deployed, listed, paused, deleted and brought back. */
export function functionRoutes(parts: CatalogParts): Route[] {
  return [
    route(
      {
        method: "post",
        path: "/functions",
        operationId: "createFunction",
        tag,
        summary: "Make a function",
        description:
          "It runs at once. Exactly one of `files`, `zip` and `url` is its code, which is checked before.",
        role: "editor",
        body: createBody,
        maxBodyBytes: MAX_UPLOAD_BODY_BYTES,
        status: 201,
        answer: functionDetails,
        problems: UPLOAD_PROBLEMS,
      },
      async ({ body, caller, signal }) => {
        await createFunction(parts, { ...body, owner: body.owner }, caller, signal);
        return await readFunction(parts, body.name, caller);
      },
    ),
    route(
      {
        method: "put",
        path: "/functions/{name}",
        operationId: "deployFunction",
        tag,
        summary: "Deploy a version",
        description:
          "The new version takes over from the one that runs. The manifest is a whole one. Without `files`, `zip` and `url` the code stays as it is; what is equal to the version that runs makes no new one.",
        role: "editor",
        params: functionParams,
        body: deployBody,
        maxBodyBytes: MAX_UPLOAD_BODY_BYTES,
        status: 200,
        answer: deployAnswer,
        problems: [...UPLOAD_PROBLEMS, "not-found", "gone"],
      },
      async ({ params: { name }, body, caller, signal }) => {
        const deployment = { ...body, name, ifVersion: body.ifVersion };
        const isNewVersion = await deployVersion(parts, deployment, caller, signal);
        return { ...(await readFunction(parts, name, caller)), isNewVersion };
      },
    ),
    route(
      {
        method: "get",
        path: "/functions",
        operationId: "listFunctions",
        tag,
        summary: "List functions",
        description: "By name; those of the configuration file are among them.",
        role: "viewer",
        query: z.object({ ...functionFilter, ...pageQuery }),
        status: 200,
        answer: pageOf(functionSummary),
        problems: [],
      },
      async ({ query: { owner, text, state, limit, after }, caller }) => {
        const cursor = readCursor(functionPlace, after);
        const place = cursor && { name: cursor[0], origin: cursor[1] };
        const filter = { owner, text, state };
        const found = await listFunctions(parts, filter, { after: place, limit: limit + 1 }, caller);
        const items = found.slice(0, limit);
        const last = items.at(-1);
        const isMore = found.length > limit && last !== undefined;
        return { items, next: isMore ? writeCursor([last.name, last.origin]) : null };
      },
    ),
    route(
      {
        method: "get",
        path: "/functions/{name}",
        operationId: "getFunction",
        tag,
        summary: "Look at a function",
        role: "viewer",
        params: functionParams,
        status: 200,
        answer: functionDetails,
        problems: ["not-found"],
      },
      async ({ params: { name }, caller }) => await readFunction(parts, name, caller),
    ),
    route(
      {
        method: "delete",
        path: "/functions/{name}",
        operationId: "deleteFunction",
        tag,
        summary: "Delete a function",
        description:
          "It can be brought back, and its name stays taken. With `purge=true` an administrator forgets it for good, with all its versions, and what it left behind in Redis.",
        role: "editor",
        params: functionParams,
        query: z.object({ purge: z.enum(["true", "false"], "expected true or false").default("false") }),
        status: 204,
        problems: CHANGE_PROBLEMS,
      },
      async ({ params: { name }, query: { purge }, caller }) => {
        if (purge === "true") await withEngineProblems(() => purgeFunction(parts, name, caller));
        else await deleteFunction(parts, name, caller);
        return undefined;
      },
    ),
    change(parts, "undelete", "undeleteFunction", "Bring a deleted function back", undeleteFunction),
    change(parts, "pause", "pauseFunction", "Call a function no more", (_, name, caller) =>
      setPaused(parts, name, true, caller),
    ),
    change(parts, "resume", "resumeFunction", "Call a paused function again", (_, name, caller) =>
      setPaused(parts, name, false, caller),
    ),
    route(
      {
        method: "post",
        path: "/functions/{name}/load",
        operationId: "loadFunction",
        tag,
        summary: "Have a function loaded, and see whether it can be",
        description:
          "In the instance that answers, as the first call would: where no worker has the version that runs, one is started. It is called with nothing.",
        role: "editor",
        params: functionParams,
        body: loadBody,
        status: 200,
        answer: loadAnswer,
        problems: CHANGE_PROBLEMS,
      },
      async ({ params: { name }, body: { waitSeconds }, caller, signal }) => {
        const waited = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(waitSeconds * 1000))]);
        return await loadFunction(parts, name, caller, waited);
      },
    ),
    route(
      {
        method: "post",
        path: "/checks",
        operationId: "checkFunction",
        tag,
        summary: "Try whether something could be deployed",
        description: "Checks name, manifest and code as a deployment does, and changes nothing.",
        role: "editor",
        body: checkBody,
        maxBodyBytes: MAX_UPLOAD_BODY_BYTES,
        status: 200,
        answer: checkAnswer,
        problems: ["too-large", "unsupported-media-type"],
      },
      async ({ body, caller, signal }) => await checkDeployment(parts, body, caller, signal),
    ),
  ];
}

function change(
  parts: CatalogParts,
  verb: string,
  operationId: string,
  summary: string,
  work: typeof undeleteFunction,
): Route {
  return route(
    {
      method: "post",
      path: `/functions/{name}/${verb}`,
      operationId,
      tag,
      summary,
      role: "editor",
      params: functionParams,
      status: 200,
      answer: functionDetails,
      problems: CHANGE_PROBLEMS,
    },
    async ({ params: { name }, caller }) => {
      await work(parts, name, caller);
      return await readFunction(parts, name, caller);
    },
  );
}
