import { createRequire } from "node:module";
import type { ApiDocument } from "../runtime/src/api/reference/document.ts";
import { GRAFANA_APP } from "../stack/src/setup/grafana-app.ts";

/** As much of openapi-typescript as is used here. */
interface OpenapiTypescript {
  readonly default: (document: string) => Promise<readonly object[]>;
  readonly astToString: (nodes: readonly object[]) => string;
  readonly COMMENT_HEADER: string;
}

/**
 * The file grafana/app/src/api/schema.ts: the types of everything that the API takes and answers.
 *
 * It is made by the app's own openapi-typescript, which needs the app's TypeScript.
 */
export async function apiSchema(document: ApiDocument): Promise<string> {
  const { default: openapiTypescript, ...library }: OpenapiTypescript = createRequire(
    `${GRAFANA_APP}/package.json`,
  )("openapi-typescript");
  return library.COMMENT_HEADER + library.astToString(await openapiTypescript(JSON.stringify(document)));
}
