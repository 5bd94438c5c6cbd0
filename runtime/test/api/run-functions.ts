import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@gaugelet/testing/wait";
import type { ApiUnderTest } from "./use-api.ts";

/** A function of a gaugelet.yaml, whose handler is written beside it. */
export interface FileFunction {
  readonly name: string;
  /** Python. */
  readonly code: string;
  /** The rest of its manifest, as YAML in flow style. */
  readonly manifest?: string;
}

/** A gaugelet.yaml with functions that can be called, whose handlers are in a folder. */
export async function fileOf(folder: string, functions: readonly FileFunction[]): Promise<string> {
  const entries = await Promise.all(
    functions.map(async ({ name, code, manifest }) => {
      await writeFile(join(folder, `${name}.py`), code);
      const rest = manifest === undefined ? "state: none, triggers: [{ http: true }]" : manifest;
      return `  - { name: ${name}, source: ${join(folder, `${name}.py`)}, handler: ${name.replaceAll("-", "_")}.handler, ${rest} }`;
    }),
  );
  return `functions:\n${entries.join("\n")}\n`;
}

/** Call a function over HTTP. */
export async function call(
  { url }: ApiUnderTest,
  name: string,
  input: unknown,
  shard = "",
): Promise<Response> {
  return await fetch(`${url}/functions/${name}${shard === "" ? "" : `?shard=${shard}`}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof input === "string" ? input : JSON.stringify(input),
  });
}

type Asking = Pick<ApiUnderTest, "ask">;

/** Wait until so many runs are in the list. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into runs as they expect them to be.
export async function runsOf({ ask }: Asking, query: string, count: number): Promise<any[]> {
  return await waitFor(`${count} runs of ${query}`, async () => {
    const { body } = await ask("GET", `/runs?${query}`);
    if (body.items.length > count) throw new Error(`${body.items.length} runs in place of ${count}`);
    return body.items.length === count ? body.items : undefined;
  });
}
