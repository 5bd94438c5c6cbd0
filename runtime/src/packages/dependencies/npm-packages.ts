import { z } from "zod";
import type { Fault } from "./requirements.ts";

/** Ranges and tags; no aliases, paths, addresses and repositories. */
const RANGE = /^[\w.\-+*^~<>=| ]*$/;
/** Of a lock: one version, and not where it would come from. */
const VERSION = /^\d[\w.+-]*$/;

const manifestSchema = z.looseObject({ dependencies: z.record(z.string(), z.string()).default({}) });
const lockSchema = z.looseObject({
  packages: z
    .record(z.string(), z.looseObject({ version: z.string().optional(), link: z.boolean().optional() }))
    .default({}),
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
  const dependencies = Object.entries(read.dependencies);
  const faults = dependencies.flatMap(([name, range]): Fault[] =>
    RANGE.test(range)
      ? []
      : [
          {
            file: "package.json",
            line: null,
            message: `dependencies: ${name}: expected versions such as ^1.2.0, not ${JSON.stringify(range)}: no paths, addresses, repositories and aliases`,
          },
        ],
  );
  if (lock !== undefined) faults.push(...faultsOfLock(lock));
  return { faults, isEmpty: dependencies.length === 0 };
}

function faultsOfLock(lock: string): Fault[] {
  const file = "package-lock.json";
  const read = parse(lock, lockSchema);
  if (read === undefined) return [{ file, line: null, message: "expected a lock file of npm" }];
  return Object.entries(read.packages).flatMap(([path, { version, link = false }]): Fault[] =>
    link || (version !== undefined && !VERSION.test(version))
      ? [{ file, line: null, message: `${path || "packages"}: expected a version, not a path or an address` }]
      : [],
  );
}

/**
 * A lock as npm is given it: without the addresses of packages, so that all of them come from the registry that the
 * operator chose. What they are is known by their versions and digests.
 */
export function withoutAddresses(lock: string): string {
  const read = lockSchema.parse(JSON.parse(lock));
  const packages = Object.entries(read.packages).map(([path, entry]) => [
    path,
    { ...entry, resolved: undefined },
  ]);
  return JSON.stringify({ ...read, packages: Object.fromEntries(packages), dependencies: undefined });
}

function parse<Schema extends z.ZodType>(text: string, schema: Schema): z.output<Schema> | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
