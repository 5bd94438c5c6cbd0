import { z } from "zod";
import { rollBack } from "../../catalog/deploy.ts";
import { readFunction } from "../../catalog/functions.ts";
import type { CatalogParts } from "../../catalog/parts.ts";
import { listVersions, readVersion, readZip, versionNumber } from "../../catalog/versions.ts";
import { fileInZip } from "../../packages/file-in-zip.ts";
import {
  functionDetails,
  functionParams,
  rollbackBody,
  versionDetails,
  versionParams,
  versionSummary,
} from "../contract/functions.ts";
import { pageOf, pageQuery, readCursor, writeCursor } from "../pages.ts";
import { ApiProblem } from "../problems.ts";
import { type Route, route, StreamedAnswer } from "../route.ts";

const tag = "Versions";
/** Code is shown, never run by a browser. */
const AS_FILE = { "content-disposition": "attachment", "x-content-type-options": "nosniff" };

/** What functions were at a time. */
export function versionRoutes(parts: CatalogParts): Route[] {
  return [
    route(
      {
        method: "get",
        path: "/functions/{name}/versions",
        operationId: "listVersions",
        tag,
        summary: "List versions",
        description: "Newest first.",
        role: "viewer",
        params: functionParams,
        query: z.object(pageQuery),
        status: 200,
        answer: pageOf(versionSummary),
        problems: ["not-found"],
      },
      async ({ params: { name }, query: { limit, after }, caller }) => {
        const place = readCursor(z.int(), after);
        const found = await listVersions(parts, name, { after: place, limit: limit + 1 }, caller);
        const items = found.slice(0, limit);
        return { items, next: found.length > limit ? writeCursor(items.at(-1)?.version) : null };
      },
    ),
    route(
      {
        method: "get",
        path: "/functions/{name}/versions/{version}",
        operationId: "getVersion",
        tag,
        summary: "Look at a version",
        role: "viewer",
        params: versionParams,
        status: 200,
        answer: versionDetails,
        problems: ["not-found"],
      },
      async ({ params: { name, version }, caller }) =>
        await readVersion(parts, name, await versionNumber(parts, name, version, caller), caller),
    ),
    route(
      {
        method: "get",
        path: "/functions/{name}/versions/{version}/package",
        operationId: "getPackage",
        tag,
        summary: "The code of a version, as a zip",
        role: "viewer",
        params: versionParams,
        status: 200,
        streams: "application/zip",
        problems: ["not-found"],
      },
      async ({ params: { name, version }, caller }) => {
        const number = await versionNumber(parts, name, version, caller);
        const zip = await readZip(parts, name, number, caller);
        return new StreamedAnswer(zip, {
          ...AS_FILE,
          "content-disposition": `attachment; filename="${name}-${number}.zip"`,
        });
      },
    ),
    route(
      {
        method: "get",
        path: "/functions/{name}/versions/{version}/file",
        operationId: "getFile",
        tag,
        summary: "A file of a version",
        role: "viewer",
        params: versionParams,
        query: z.object({ path: z.string().max(1_000).describe("Inside the package.") }),
        status: 200,
        streams: "application/octet-stream",
        problems: ["not-found"],
      },
      async ({ params: { name, version }, query: { path }, caller }) => {
        const number = await versionNumber(parts, name, version, caller);
        const content = await fileInZip(await readZip(parts, name, number, caller), path);
        if (content === undefined) {
          throw new ApiProblem(
            "not-found",
            `version ${number} of ${name} has no file ${JSON.stringify(path)}`,
          );
        }
        return new StreamedAnswer(content, AS_FILE);
      },
    ),
    route(
      {
        method: "post",
        path: "/functions/{name}/rollback",
        operationId: "rollBackFunction",
        tag,
        summary: "Have an earlier version run",
        description: "Any version, by its number or an alias: the way forward again is the same.",
        role: "editor",
        params: functionParams,
        body: rollbackBody,
        status: 200,
        answer: functionDetails,
        problems: ["not-found", "gone", "conflict", "too-large", "unsupported-media-type"],
      },
      async ({ params: { name }, body, caller }) => {
        const version = await versionNumber(parts, name, body.version, caller);
        await rollBack(parts, { name, version }, caller);
        return await readFunction(parts, name, caller);
      },
    ),
  ];
}
