import { readYaml, validate } from "@gaugelet/shared/configuration";
import { type KeyPattern, parseKeyPattern } from "@gaugelet/shared/redis/glob";
import { durationSchema } from "@gaugelet/shared/units";
import { z } from "zod";
import { type RuleDefinition, ruleSchema } from "./mapping/rule-schema.ts";

/** Outputs to export beside those that runtimes announce, and what to know about them. */
export interface OutputSource {
  readonly pattern: KeyPattern;
  /** Seconds without a change after which the output is stale; undefined: never. */
  readonly staleAfter: number | undefined;
  /** The host that these outputs are about; `{shard}` stands for what the pattern's wildcards matched. */
  readonly host: string | undefined;
}

/** The exporter's configuration file. */
export interface ExporterConfiguration {
  readonly outputs: readonly OutputSource[];
  /** Rules that come before the default ones. */
  readonly rules: readonly RuleDefinition[];
}

const configurationSchema = z.strictObject({
  outputs: z
    .array(
      z.strictObject({
        key: z.string().min(1).transform(parseKeyPattern),
        staleAfter: durationSchema.optional(),
        host: z.string().min(1).optional(),
      }),
    )
    .default([]),
  rules: z.array(ruleSchema).default([]),
});

/**
 * Read the configuration file.
 *
 * @throws ConfigurationError that names the file and the path in it.
 */
export async function readConfiguration(file: string): Promise<ExporterConfiguration> {
  const { outputs, rules } = validate(configurationSchema, (await readYaml(file)) ?? {}, file);
  return {
    outputs: outputs.map(({ key, staleAfter, host }) => ({ pattern: key, staleAfter, host })),
    rules,
  };
}
