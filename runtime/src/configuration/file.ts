import { stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ConfigurationError, readYaml, validate } from "@gaugelet/shared/configuration";
import { FilesRead } from "@gaugelet/shared/file-watch";
import { z } from "zod";
import { CLASS_NAMES, nameOf } from "./classes.ts";
import { compileInputSchema } from "./input-schema.ts";
import { isolationSchema, refuseWeak } from "./isolation.ts";
import {
  type CodeSource,
  defineFunction,
  type FunctionDefinition,
  manifestSchema,
  type OperatorSettings,
} from "./manifest.ts";

const fileSchema = z.strictObject(
  {
    functions: z.array(z.union([z.string().min(1), z.record(z.string(), z.unknown())])).default([]),
    serves: z
      .strictObject({
        classes: z.array(z.enum(CLASS_NAMES)).min(1).optional(),
        isolation: z.array(isolationSchema).min(1).optional(),
        catalog: z.boolean().default(true),
      })
      .prefault({}),
  },
  "expected an object with functions:",
);

/** What a configuration file says. */
export interface ConfigurationFile {
  /** Those that this runtime serves. */
  readonly functions: readonly FunctionDefinition[];
  /** Names of functions that are for other runtimes. */
  readonly notServed: readonly string[];
  /** Whether this runtime serves the catalog, and of it functions of this class and isolation. */
  readonly isServed: (ofCatalog: Pick<FunctionDefinition, "class" | "isolation">) => boolean;
}

/**
 * Read `gaugelet.yaml`: a list of functions, each a whole manifest or the path of a folder that holds a
 * `function.yaml`. Paths are relative to the file they stand in.
 *
 * @param read gets the file itself and those that it names, as far as it comes.
 * @throws ConfigurationError that names the file, the place in it, what was expected and what was found.
 */
export async function readConfigurationFile(
  file: string,
  operator: OperatorSettings,
  read: FilesRead = new FilesRead(),
): Promise<ConfigurationFile> {
  await read.add(file);
  const { functions, serves } = validate(fileSchema, await readYaml(file), file);
  const definitions: FunctionDefinition[] = [];
  for (const [index, entry] of functions.entries()) {
    if (typeof entry === "string") {
      const path = await manifestPath(resolve(dirname(file), entry));
      await read.add(path);
      definitions.push(await readManifestFile(path, operator));
    } else definitions.push(await readManifest(entry, file, `${file}: functions[${index}]`, operator));
  }
  refuseDoubles(definitions, file);
  const isOurs: ConfigurationFile["isServed"] = (of) =>
    (serves.classes?.includes(nameOf(of.class)) ?? true) &&
    (serves.isolation?.includes(of.isolation) ?? true);
  return {
    functions: definitions.filter(isOurs),
    notServed: definitions.filter((definition) => !isOurs(definition)).map(({ name }) => name),
    isServed: (ofCatalog) => serves.catalog && isOurs(ofCatalog),
  };
}

async function manifestPath(path: string): Promise<string> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder ? join(path, "function.yaml") : path;
}

async function readManifestFile(file: string, operator: OperatorSettings): Promise<FunctionDefinition> {
  return readManifest(await readYaml(file), file, file, operator);
}

async function readManifest(
  value: unknown,
  file: string,
  where: string,
  operator: OperatorSettings,
): Promise<FunctionDefinition> {
  const manifest = validate(manifestSchema, value, where);
  const { isolation, input } = manifest;
  if (isolation !== undefined) refuseWeak(isolation, operator, where);
  if (input !== undefined) await compileInputSchema(input, where);
  return defineFunction(manifest, codeSource(manifest.source, dirname(file)), operator);
}

/** A path, an `http(s)` URL, or the base64 text of a zip. */
export function codeSource(text: string, relativeTo: string): CodeSource {
  if (/^https?:\/\//i.test(text)) return { kind: "url", url: text };
  // A zip begins with "PK\3\4", which is "UEsDB" in base64: no sensible path begins so.
  if (/^\s*UEsDB/.test(text)) return { kind: "base64", text };
  return { kind: "path", path: resolve(relativeTo, text) };
}

function refuseDoubles(definitions: readonly FunctionDefinition[], file: string): void {
  for (const field of ["name", "outputKey"] as const) {
    const seen = new Set<string>();
    for (const definition of definitions) {
      if (seen.has(definition[field])) {
        const what = field === "name" ? "the name" : "the output key";
        throw new ConfigurationError(
          `${file}: two functions have ${what} ${JSON.stringify(definition[field])}`,
        );
      }
      seen.add(definition[field]);
    }
  }
}
