import { fileURLToPath } from "node:url";
import { nodeArguments } from "../../src/javascript/arguments.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

export const LANGUAGES = ["python", "javascript", "typescript"] as const;
export type Language = (typeof LANGUAGES)[number];

/** How a language's worker is started, and what its files are called. */
export interface LanguageSetup {
  readonly program: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly extension: string;
  readonly runtime: RegExp;
}

const node: Omit<LanguageSetup, "extension"> = {
  program: [process.execPath, ...nodeArguments({ memory: 256 * 1024 * 1024 })],
  environment: {},
  runtime: /^Node \d+\.\d+\.\d+$/,
};

export const SETUPS: Readonly<Record<Language, LanguageSetup>> = {
  python: {
    program: [`${ROOT}.gaugelet/python/bin/python`, "-P", "-m", "gaugelet_worker"],
    environment: {
      PYTHONPATH: `${ROOT}runtime/python`,
      PYTHONUTF8: "1",
      PYTHONDONTWRITEBYTECODE: "1",
    },
    extension: ".py",
    runtime: /^Python \d+\.\d+\.\d+/,
  },
  javascript: { ...node, extension: ".mjs" },
  typescript: { ...node, extension: ".ts" },
};

/** The same code with types: what TypeScript's handlers are where a case does not say otherwise. */
export function typed(javascript: string): string {
  return javascript
    .replace("function handler(input, context)", "function handler(input: Input, context: Context): unknown")
    .concat(
      "\ntype Input = Record<string, any>;",
      "\ninterface Context { env: Record<string, any>; readonly [field: string]: any }\n",
    );
}
