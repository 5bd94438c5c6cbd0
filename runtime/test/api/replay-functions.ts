import { waitFor } from "@gaugelet/testing/wait";
import { expect } from "vitest";
import type { FunctionBody } from "./functions.ts";
import type { ApiUnderTest } from "./use-api.ts";

type Asking = Pick<ApiUnderTest, "ask">;

/** A function of the catalog whose handler's body is these lines; `calls` counts what its env has seen. */
export function counting(
  name: string,
  lines: readonly string[],
  manifest: Record<string, unknown> = {},
): FunctionBody {
  const code = [
    "import os, time",
    "def handler(input, context):",
    "    calls = context.env['calls'] = context.env.get('calls', 0) + 1",
    ...lines.map((line) => `    ${line}`),
  ];
  return {
    name,
    manifest: { handler: "handler.handler", triggers: [{ http: true }], ...manifest },
    files: { "handler.py": `${code.join("\n")}\n` },
  };
}

/** Make a function, or its next version, in the catalog. */
export async function deploy(
  { ask }: Asking,
  { name, ...version }: FunctionBody,
  token?: string,
): Promise<void> {
  const made = await ask("PUT", `/functions/${name}`, version, token);
  if (made.status === 404)
    expect((await ask("POST", "/functions", { name, ...version }, token)).status).toBe(201);
  else expect(made.status).toBe(200);
}

/** Begin a replay. @returns its id. */
export async function begin({ ask }: Asking, name: string, body: object, token?: string): Promise<string> {
  const begun = await ask("POST", `/functions/${name}/replays`, body, token);
  expect([begun.status, begun.body.detail]).toEqual([202, undefined]);
  return begun.body.id;
}

/** Wait until a replay is as far as a check says. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into it as they expect it to be.
export async function reached({ ask }: Asking, id: string, is: (replay: any) => boolean): Promise<any> {
  return await waitFor("the replay to get there", async () => {
    const { body } = await ask("GET", `/replays/${id}`);
    return is(body) ? body : undefined;
  });
}

/** Replay, and wait for the end. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into it as they expect it to be.
export async function replay(api: Asking, name: string, body: object): Promise<any> {
  return await reached(api, await begin(api, name, body), ({ status }) => status !== "running");
}
