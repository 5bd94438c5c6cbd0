import type { FunctionDetails } from "../api/types";

/** A manifest as the API has it: see the reference of the manifest. Fields that the form does not know are kept. */
export type Manifest = Readonly<Record<string, unknown>> & {
  readonly description?: string;
  readonly language?: Language;
  readonly handler?: string;
  readonly triggers?: readonly Trigger[];
  readonly class?: string | number;
  readonly limits?: Readonly<Record<string, unknown>>;
};

export type Language = "python" | "javascript" | "typescript" | "script";

/** One trigger of a manifest, such as `{ http: true }`. */
export type Trigger = Readonly<Record<string, unknown>>;

/** A function as it is being written, not yet deployed. */
export interface Draft {
  readonly name: string;
  readonly manifest: Manifest;
  /** Code as text, by the paths of its files. */
  readonly files: Readonly<Record<string, string>>;
  /** A zip in base64, in place of the files. */
  readonly zip?: string;
}

/** What Monaco calls a file's language. */
export function languageOfFile(path: string): string {
  const ending = path.slice(path.lastIndexOf(".") + 1);
  return ENDINGS[ending] ?? "plaintext";
}

const ENDINGS: Readonly<Record<string, string>> = {
  py: "python",
  js: "javascript",
  mjs: "javascript",
  ts: "typescript",
  mts: "typescript",
  json: "json",
  yaml: "yaml",
  yml: "yaml",
  sh: "shell",
  md: "markdown",
};

/** What a deployment of a draft sends, besides its name. */
export function deploymentOf({ manifest, files, zip }: Draft): Record<string, unknown> {
  return { manifest, ...(zip === undefined ? { files } : { zip }) };
}

/** The draft that a function is now. */
export function draftOf({ name, manifest }: FunctionDetails, files: Readonly<Record<string, string>>): Draft {
  return { name, manifest: (manifest ?? {}) as Manifest, files };
}

/** What the API wants of a name, before it is asked. @returns what is wrong; undefined: nothing. */
export function problemOfName(name: string): string | undefined {
  if (name === "") return "Give it a name.";
  if (/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) return undefined;
  return "Lower-case letters, digits and dashes; at most 63, and no dash first.";
}

/** A trigger in a few words. */
export function describeTrigger(trigger: Trigger): string {
  if ("http" in trigger) return "HTTP";
  if ("topic" in trigger) return `topic ${String(trigger.topic)}`;
  if ("redisKey" in trigger) return `key ${String(trigger.redisKey)}`;
  if ("schedule" in trigger) return `schedule ${String(trigger.schedule)}`;
  const query = (trigger.prometheus as { query?: string } | undefined)?.query;
  return query === undefined ? JSON.stringify(trigger) : `query ${query}`;
}
