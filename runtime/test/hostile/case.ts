/** How a call of a hostile function ends, as its caller is told. */
export type Outcome = "ok" | "error" | "rejected" | "timeout" | "killed" | "unavailable" | "load-failed";

/** Limits of the manifest. */
type LimitName = "memory" | "cpu" | "timeout" | "openFiles" | "processes" | "disk" | "output";

/** What a hostile function is expected to come to at one level. */
export interface Expected {
  /** Where the kernel decides which of them it is, several. Default: `ok`. */
  readonly outcome?: Outcome | readonly Outcome[];
  /** What its caller is told; `ok` tells nothing. */
  readonly says?: RegExp;
  /** The limit that the runtime's log names. */
  readonly limit?: LimitName;
  /** What it tells that it could do: exactly this. Default: nothing. */
  readonly could?: readonly string[];
  /** What it could do besides, depending on the machine's kernel. */
  readonly may?: readonly string[];
  /** Whether one of the secrets that are others' is in what it read. */
  readonly seesSecret?: true;
  /** Whether System V objects stay when the worker is gone. */
  readonly leavesSystemV?: true;
  /** What the runtime says of it in its log. */
  readonly logs?: RegExp;
  /** For the page: replaces what follows from the rest. */
  readonly inWords?: string;
}

/** One hostile function. */
export interface HostileCase {
  /** Its file in functions/; the function is named after it. */
  readonly file: string;
  /** What it tries, for the page. */
  readonly tries: string;
  /** Further fields of the manifest. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** The event's bytes, where they are not those that all get. */
  readonly body?: string;
  /** How often it is called, one worker after the other; the last call counts. */
  readonly calls?: number;
  /** It is the kernel's control group that sees it: elsewhere there is no such group, and no such limit. */
  readonly needsGroup?: true;
  /** At level `process`, with a user of its own. */
  readonly process: Expected;
  /** At level `process` of a runtime that may not change users, where that differs. */
  readonly shared?: Expected;
  readonly sandbox: Expected;
  /** At level `microvm`, where that differs from `sandbox`. */
  readonly microvm?: Expected;
}

/** For functions that are to be ended at such a limit: the others have so much that a busy machine suffices. */
export const SHORT_CPU = { limits: { cpu: "1s" } } as const;
export const SHORT_TIME = { limits: { timeout: "3s" } } as const;

/** For a file that is a plain script. */
export function script(file: string, limits: Readonly<Record<string, string>> = {}) {
  return { file, manifest: { language: "script", handler: file, limits } };
}

/** It ends in the same way at each level. */
export function everywhere(expected: Expected): Pick<HostileCase, "process" | "sandbox"> {
  return { process: expected, sandbox: expected };
}

export const NOTHING: Expected = {};

/** The name of a case's function. */
export function nameOf({ file }: HostileCase): string {
  const [name = "", extension] = file.split(".");
  const ending = { mjs: "-js", sh: "-sh" }[extension ?? ""] ?? "";
  return `${name.replaceAll("_", "-")}${ending}`;
}
