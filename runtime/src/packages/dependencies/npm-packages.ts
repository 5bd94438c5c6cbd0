import { z } from "zod";
import type { Fault } from "./requirements.ts";

/** Ranges and tags; no aliases, paths, addresses and repositories. */
const RANGE = /^[\w.\-+*^~<>=| ]*$/;
/** Of a lock: one version, and not where it would come from. */
const VERSION = /^\d[\w.+-]*$/;
/** What packages of others want may have an alias of a registry's, but no colon or slash besides. */
const OF_REGISTRY = /^(?:npm:(?:@[\w.-]+\/)?[\w.-]+(?:@[^:/]*)?|[^:/]*)$/;

/** The fields by which npm installs something. */
const WANTED = ["dependencies", "optionalDependencies", "peerDependencies"] as const;
/** What npm is told of a function's package: nothing else of it has to do with what it needs. */
const TOLD = ["name", "version", ...WANTED, "peerDependenciesMeta", "overrides"] as const;

const ranges = z.record(z.string(), z.string());
const wantedSchema = z.looseObject({
  dependencies: ranges.optional(),
  optionalDependencies: ranges.optional(),
  peerDependencies: ranges.optional(),
});
const manifestSchema = wantedSchema.extend({ overrides: z.unknown().optional() });
const lockSchema = z.looseObject({
  packages: z
    .record(z.string(), wantedSchema.extend({ version: z.string().optional(), link: z.boolean().optional() }))
    .optional(),
});

/** What a `package.json`, with its lock where there is one, has that is not installed, and whether it has anything else. */
export function readNpmPackages(
  manifest: string,
  lock: string | undefined,
): { readonly faults: Fault[]; readonly isEmpty: boolean } {
  const read = parse(manifest, manifestSchema);
  if (read === undefined) {
    const message = "expected JSON whose dependencies are names with versions";
    return { faults: [{ file: "package.json", line: null, message }], isEmpty: true };
  }
  const fault = (where: string, found: string): Fault => ({
    file: "package.json",
    line: null,
    message: `${where}: expected versions such as ^1.2.0, not ${JSON.stringify(found)}: no paths, addresses, repositories and aliases`,
  });
  const faults = WANTED.flatMap((field) =>
    Object.entries(read[field] ?? {}).flatMap(([name, range]) =>
      RANGE.test(range) ? [] : [fault(`${field}: ${name}`, range)],
    ),
  );
  for (const text of textsIn(read.overrides)) {
    // Behind a dollar is the name of a dependency, whose versions are meant.
    if (!OF_REGISTRY.test(text) && !text.startsWith("$")) faults.push(fault("overrides", text));
  }
  if (lock !== undefined) faults.push(...faultsOfLock(lock));
  return { faults, isEmpty: Object.keys(read.dependencies ?? {}).length === 0 };
}

/** All texts of a value, however deep. */
function textsIn(value: unknown): string[] {
  const texts: string[] = [];
  const left = [value];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next === "string") texts.push(next);
    else if (typeof next === "object" && next !== null)
      for (const each of Object.values(next)) left.push(each);
  }
  return texts;
}

/**
 * A `package.json` as npm is given it: what it is called and what it needs. By others of its fields npm would fetch
 * what it does not install (`devDependencies`), or go to other folders (`workspaces`).
 */
export function forNpm(manifest: string): string {
  const read = readJson(manifest) as Record<string, unknown>;
  return JSON.stringify(Object.fromEntries(TOLD.map((field) => [field, read[field]])));
}

function faultsOfLock(lock: string): Fault[] {
  const file = "package-lock.json";
  const read = parse(lock, lockSchema);
  if (read === undefined) return [{ file, line: null, message: "expected a lock file of npm" }];
  if (read.packages === undefined) {
    const message =
      "expected `packages`, as npm 7 and later write them; make the lock anew with `npm install`";
    return [{ file, line: null, message }];
  }
  return Object.entries(read.packages).flatMap(([path, { version, link = false, ...entry }]): Fault[] => {
    const isElsewhere = link || (version !== undefined && !VERSION.test(version)) || wantsOthers(entry);
    return isElsewhere
      ? [{ file, line: null, message: `${path || "packages"}: expected a version, not a path or an address` }]
      : [];
  });
}

/** Whether a package of a lock needs something that is no registry's: npm would fetch it where the lock lacks it. */
function wantsOthers(entry: z.output<typeof wantedSchema>): boolean {
  return WANTED.some((field) => Object.values(entry[field] ?? {}).some((range) => !OF_REGISTRY.test(range)));
}

/**
 * A lock as npm is given it: without the addresses of packages, so that all of them come from the registry that the
 * operator chose. What they are is known by their versions and digests.
 */
export function withoutAddresses(lock: string): string {
  const read = lockSchema.parse(readJson(lock));
  const packages = Object.entries(read.packages ?? {}).map(([path, entry]) => [
    path,
    { ...entry, resolved: undefined },
  ]);
  return JSON.stringify({ ...read, packages: Object.fromEntries(packages), dependencies: undefined });
}

function parse<Schema extends z.ZodType>(text: string, schema: Schema): z.output<Schema> | undefined {
  try {
    return schema.safeParse(readJson(text)).data;
  } catch {
    return undefined;
  }
}

/** Like npm, which passes over the mark that some editors begin a file with. */
function readJson(text: string): unknown {
  return JSON.parse(text.replace(/^\uFEFF/, ""));
}
