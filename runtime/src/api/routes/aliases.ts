import { deleteAlias, setAlias } from "../../catalog/aliases.ts";
import { readFunction } from "../../catalog/functions.ts";
import type { CatalogParts } from "../../catalog/parts.ts";
import { aliasBody, aliasParams, functionDetails } from "../contract/functions.ts";
import { type Route, route } from "../route.ts";

const tag = "Versions";

/** Names of versions. */
export function aliasRoutes(parts: CatalogParts): Route[] {
  return [
    route(
      {
        method: "put",
        path: "/functions/{name}/aliases/{alias}",
        operationId: "setAlias",
        tag,
        summary: "Name a version",
        description: "A name that stands for another version stands for this one from then on.",
        role: "editor",
        params: aliasParams,
        body: aliasBody,
        status: 200,
        answer: functionDetails,
        problems: ["not-found", "gone", "conflict", "too-large", "unsupported-media-type"],
      },
      async ({ params, body: { version }, caller }) => {
        await setAlias(parts, { ...params, version }, caller);
        return await readFunction(parts, params.name, caller);
      },
    ),
    route(
      {
        method: "delete",
        path: "/functions/{name}/aliases/{alias}",
        operationId: "deleteAlias",
        tag,
        summary: "Take a version's name away",
        role: "editor",
        params: aliasParams,
        status: 204,
        problems: ["not-found", "gone", "conflict"],
      },
      async ({ params, caller }) => {
        await deleteAlias(parts, params, caller);
        return undefined;
      },
    ),
  ];
}
