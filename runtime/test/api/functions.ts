import type { ApiUnderTest } from "./use-api.ts";

/** The body of a request that makes a function. */
export interface FunctionBody {
  readonly name: string;
  readonly manifest: Record<string, unknown>;
  readonly files: Record<string, string>;
}

/** Adds two numbers. */
export const SUM: FunctionBody = {
  name: "sum",
  manifest: { handler: "handler.handler", triggers: [{ http: true }], state: "none" },
  files: { "handler.py": "def handler(input, context):\n    return {'sum': input['a'] + input['b']}\n" },
};

/** Counts its calls in its env, by a step that its code says. */
export function counter(name: string, step: number): FunctionBody {
  return {
    name,
    manifest: { handler: "handler.handler", triggers: [{ http: true }] },
    files: {
      "handler.py": [
        "def handler(input, context):",
        `    context.env['count'] = context.env.get('count', 0) + ${step}`,
        `    return {'count': context.env['count'], 'step': ${step}}`,
      ].join("\n"),
    },
  };
}

/** Counts its calls in its env, and takes as many seconds for one as its event says. */
export const SLOW_COUNTER: FunctionBody = {
  name: "slow-counter",
  manifest: { handler: "handler.handler", triggers: [{ http: true }] },
  files: {
    "handler.py": [
      "import time",
      "def handler(input, context):",
      "    time.sleep(input['seconds'])",
      "    context.env['count'] = context.env.get('count', 0) + 1",
      "    return {'count': context.env['count']}",
    ].join("\n"),
  },
};

/** Calls functions of a runtime over HTTP. */
export function calling({ url }: Pick<ApiUnderTest, "url">) {
  return async (name: string, event: unknown): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${url}/functions/${name}`, { method: "POST", body: JSON.stringify(event) });
    return { status: response.status, body: await response.json() };
  };
}
