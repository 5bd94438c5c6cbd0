import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { ConfigurationError, readYaml, validate } from "@gaugelet/shared/configuration";
import { type KeyPattern, parseKeyPattern } from "@gaugelet/shared/redis/glob";
import { bytesSchema, durationSchema } from "@gaugelet/shared/units";
import { z } from "zod";
import { DEFAULT_LIMITS, type Limits } from "./limits.ts";
import { onWrongType, type RuleDefinition, ruleSchema } from "./mapping/rule-schema.ts";
import { type AllowedTarget, parseTargetPattern } from "./probe/allowed-targets.ts";

/** Outputs to export beside those that runtimes announce, and what to know about them. */
export interface OutputSource {
  readonly pattern: KeyPattern;
  /** Seconds without a change after which the output is stale; undefined: never. */
  readonly staleAfter: number | undefined;
  /** The host that these outputs are about; `{shard}` stands for what the pattern's wildcards matched. */
  readonly host: string | undefined;
}

/** How a probe reads and maps what it finds. */
export interface ModuleDefinition {
  readonly rules: readonly RuleDefinition[];
  /** Whether the default rules come after them. */
  readonly defaultRules: boolean;
  readonly http: HttpOptions;
}

/** How a document is asked for. */
export interface HttpOptions {
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** The exporter's configuration file. */
export interface ExporterConfiguration {
  readonly outputs: readonly OutputSource[];
  /** Rules that come before the default ones. */
  readonly rules: readonly RuleDefinition[];
  readonly defaultRules: boolean;
  readonly limits: Limits;
  readonly modules: ReadonlyMap<string, ModuleDefinition>;
  /** What may be probed. */
  readonly targets: readonly AllowedTarget[];
}

const count = z.number().int().positive();

const httpSchema = z
  .strictObject({
    method: z.enum(["GET", "POST"]).default("GET"),
    headers: z
      .record(
        z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, "expected the name of a header"),
        z.string().refine(isHeaderValue, "expected a header's value: Latin-1, without line ends"),
      )
      .default({}),
    body: z.string().optional(),
  })
  .refine(({ method, body }) => method === "POST" || body === undefined, "a body needs method: POST");

function isHeaderValue(text: string): boolean {
  try {
    new Headers({ name: text });
    return true;
  } catch {
    return false;
  }
}

const targetSchema = z.preprocess(
  (target) => (typeof target === "string" ? { url: target } : target),
  z.strictObject(
    {
      url: z.string(),
      username: z.string().min(1).optional(),
      password: z.string().min(1).optional(),
      passwordFile: z.string().min(1).optional(),
      caFile: z.string().min(1).optional(),
    },
    onWrongType("expected an address, or url with username, password or passwordFile, and caFile"),
  ),
);

/** Seconds as a bare number are the commonest mistake. */
const staleAfterSchema = z
  .unknown()
  .superRefine((value, context) => {
    if (typeof value !== "number") return;
    context.addIssue(`expected a duration with its unit: write ${value}s`);
  })
  .pipe(durationSchema);

const configurationSchema = z.strictObject({
  outputs: z
    .array(
      z.strictObject(
        {
          key: z.string().min(1).transform(parseKeyPattern),
          staleAfter: staleAfterSchema.optional(),
          host: z.string().min(1).optional(),
        },
        onWrongType("expected { key: a key or a pattern }"),
      ),
    )
    .default([]),
  rules: z.array(ruleSchema).default([]),
  defaultRules: z.boolean().default(true),
  limits: z
    .strictObject({
      outputs: count.default(DEFAULT_LIMITS.outputs),
      seriesPerOutput: count.default(DEFAULT_LIMITS.seriesPerOutput),
      series: count.default(DEFAULT_LIMITS.series),
      outputBytes: bytesSchema
        .refine((bytes) => bytes <= 256 * 1024 ** 2, "expected at most 256Mi")
        .default(DEFAULT_LIMITS.outputBytes),
    })
    .default(DEFAULT_LIMITS),
  modules: z
    .record(
      z.string(),
      z.strictObject({
        rules: z.array(ruleSchema).default([]),
        defaultRules: z.boolean().default(true),
        http: httpSchema.default({ method: "GET", headers: {} }),
      }),
    )
    .default({}),
  targets: z.array(targetSchema).default([]),
});

/**
 * Read the configuration file.
 *
 * @throws ConfigurationError that names the file and the path in it.
 */
export async function readConfiguration(file: string): Promise<ExporterConfiguration> {
  const values = validate(configurationSchema, withoutCycles((await readYaml(file)) ?? {}, file), file);
  return {
    outputs: values.outputs.map(({ key, staleAfter, host }) => ({ pattern: key, staleAfter, host })),
    rules: values.rules,
    defaultRules: values.defaultRules,
    limits: values.limits,
    modules: new Map(
      Object.entries(values.modules).map(([name, { http, ...module }]) => [
        name,
        { ...module, http: { ...http, body: http.body } },
      ]),
    ),
    targets: await Promise.all(
      values.targets.map((target, index) =>
        allowedTarget(target, `${file}: targets[${index}]`, dirname(file)),
      ),
    ),
  };
}

/** What is read where there is no file. */
export const NO_CONFIGURATION: ExporterConfiguration = {
  outputs: [],
  rules: [],
  defaultRules: true,
  limits: DEFAULT_LIMITS,
  modules: new Map(),
  targets: [],
};

async function allowedTarget(
  { url, username, password, passwordFile, caFile }: z.output<typeof targetSchema>,
  at: string,
  folder: string,
): Promise<AllowedTarget> {
  if (password !== undefined && passwordFile !== undefined) {
    throw new ConfigurationError(`${at}: expected either password or passwordFile`);
  }
  const pattern = parseTargetPattern(url);
  if (pattern === undefined && url.includes("@")) {
    // Not shown: in front of the @ may stand a password.
    throw new ConfigurationError(
      `${at}: user and password do not belong in the address: write { url: …, username: …, password: … }, or passwordFile in place of password`,
    );
  }
  if (pattern === undefined) {
    throw new ConfigurationError(
      `${at}.url: expected an address with redis:, rediss:, http: or https:, such as redis://*.example.org:6379 or https://example.org/status/* (found ${JSON.stringify(url)})`,
    );
  }
  if (caFile !== undefined && pattern.protocol !== "rediss") {
    throw new ConfigurationError(`${at}.caFile: is for targets with rediss: alone`);
  }
  const read = async (field: string, file: string | undefined): Promise<string | undefined> => {
    if (file === undefined) return undefined;
    try {
      return (await readFile(resolve(folder, file), "utf8")).trimEnd();
    } catch (error) {
      throw new ConfigurationError(`${at}.${field}: cannot be read: ${(error as Error).message}`);
    }
  };
  return {
    pattern,
    username,
    password: password ?? (await read("passwordFile", passwordFile)),
    ca: await read("caFile", caFile),
  };
}

/**
 * YAML's anchors can make a value part of itself.
 *
 * @param within what the value is in.
 * @param seen what was looked at already: an anchor may also be used many times.
 * @throws ConfigurationError where it is.
 */
function withoutCycles(
  value: unknown,
  file: string,
  within = new Set<unknown>(),
  seen = new Set<unknown>(),
): unknown {
  if (typeof value !== "object" || value === null || seen.has(value)) return value;
  if (within.has(value)) {
    throw new ConfigurationError(
      `${file}: a value contains itself, by an anchor (&) and an alias (*) of YAML`,
    );
  }
  within.add(value);
  for (const inner of Object.values(value)) withoutCycles(inner, file, within, seen);
  within.delete(value);
  seen.add(value);
  return value;
}
