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
  /** Paths of files that are no text, and stay as they are as long as the code does. */
  readonly binaries?: readonly string[];
  /** What is written as the whole manifest since, while it is none: the manifest is what it was before. */
  readonly unfinishedManifest?: string;
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

/** What a deployment of a draft sends, besides its name. Code that has files that are no text is not sent as files. */
export function deploymentOf({ manifest, files, zip, binaries = [] }: Draft): Record<string, unknown> {
  if (zip !== undefined) return { manifest, zip };
  return binaries.length > 0 ? { manifest } : { manifest, files };
}

/** What a deployment of a changed draft sends: code that is as before stays, byte by byte. */
export function changeOf(before: Draft, after: Draft): Record<string, unknown> {
  return isSameCode(before, after) ? { manifest: after.manifest } : deploymentOf(after);
}

/** Whether a draft is still what it began as. */
export function isUnchanged(before: Draft, after: Draft): boolean {
  return (
    before.name === after.name &&
    after.unfinishedManifest === undefined &&
    isSameCode(before, after) &&
    JSON.stringify(before.manifest) === JSON.stringify(after.manifest)
  );
}

function isSameCode(before: Draft, after: Draft): boolean {
  return after.zip === before.zip && JSON.stringify(before.files) === JSON.stringify(after.files);
}

/** What decoding makes of bytes that are no UTF-8. */
const REPLACEMENT = "\ufffd";

/** Whether a file, as it was decoded, is text. */
export function isText(decoded: string): boolean {
  return !decoded.includes(REPLACEMENT);
}

/** The draft that a version is. @param files as text, also those that are none. */
export function draftOf(
  name: string,
  manifest: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, string>>,
): Draft {
  const all = Object.entries(files);
  const binaries = all.filter(([, text]) => !isText(text)).map(([path]) => path);
  return {
    name,
    manifest,
    files: Object.fromEntries(all.filter(([, text]) => isText(text))),
    ...(binaries.length === 0 ? {} : { binaries }),
  };
}

/** What the API wants of a name, before it is asked. @returns what is wrong; undefined: nothing. */
export function problemOfName(name: string): string | undefined {
  if (name === "") return "Give it a name.";
  if (/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) return undefined;
  return "Lower-case letters, digits and dashes; at most 63, and no dash first.";
}

/** What a text lacks to be shown as a manifest; whether it is one the API says. @returns undefined: nothing. */
export function problemOfManifest(text: string): string | undefined {
  let manifest: unknown;
  try {
    manifest = JSON.parse(text);
  } catch (error) {
    return `No JSON yet: ${(error as Error).message}`;
  }
  if (!isObject(manifest)) return "A manifest is an object, in braces.";
  const { triggers = [] } = manifest;
  return Array.isArray(triggers) && triggers.every(isObject)
    ? undefined
    : 'Its triggers are a list, in brackets, of objects such as { "http": true }.';
}

/** The draft with what is written as its whole manifest, be it one or not yet. */
export function withManifestText(draft: Draft, text: string): Draft {
  const { unfinishedManifest: _, ...finished } = draft;
  return problemOfManifest(text) === undefined
    ? { ...finished, manifest: JSON.parse(text) as Manifest }
    : { ...draft, unfinishedManifest: text };
}

/** The draft with another manifest, in place of what was written of it. */
export function withManifest(draft: Draft, manifest: Manifest): Draft {
  const { unfinishedManifest: _, ...finished } = draft;
  return { ...finished, manifest };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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
