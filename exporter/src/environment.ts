import { validate } from "@gaugelet/shared/configuration";
import type { RedisAddress } from "@gaugelet/shared/redis/address";
import { redisAddressFrom } from "@gaugelet/shared/redis/environment";
import { parseKeyPattern } from "@gaugelet/shared/redis/glob";
import { z } from "zod";
import type { OutputSource } from "./configuration.ts";
import { refuseUnknownVariables } from "./unknown-variables.ts";

/** What the environment says. */
export interface ExporterEnvironment {
  readonly redis: RedisAddress;
  readonly address: string;
  readonly port: number;
  readonly configurationFile: string | undefined;
  readonly webConfigurationFile: string | undefined;
  readonly outputs: readonly OutputSource[];
  readonly logLevel: string;
}

const PORT = "expected a port from 0 to 65535";

const environmentSchema = z.object({
  GAUGELET_EXPORTER_ADDRESS: z.string().default("127.0.0.1"),
  GAUGELET_EXPORTER_PORT: z.coerce.number(PORT).int(PORT).min(0, PORT).max(65_535, PORT).default(9420),
  GAUGELET_EXPORTER_CONFIG: z.string().optional(),
  GAUGELET_EXPORTER_WEB_CONFIG: z.string().optional(),
  GAUGELET_EXPORTER_KEYS: z
    .string()
    .default("")
    .transform((text) =>
      text
        .split(",")
        .map((key) => key.trim())
        .filter((key) => key !== "")
        .map(parseKeyPattern),
    ),
  GAUGELET_LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
});

/**
 * Read the exporter's variables; an empty one counts as not set. Nothing else in the exporter reads the
 * environment.
 *
 * @throws ConfigurationError where one of them is malformed, or unknown.
 */
export function readEnvironment(environment: NodeJS.ProcessEnv): ExporterEnvironment {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  refuseUnknownVariables(Object.keys(set), Object.keys(environmentSchema.shape));
  const values = validate(environmentSchema, set, "environment");
  return {
    redis: redisAddressFrom(environment),
    address: values.GAUGELET_EXPORTER_ADDRESS,
    port: values.GAUGELET_EXPORTER_PORT,
    configurationFile: values.GAUGELET_EXPORTER_CONFIG,
    webConfigurationFile: values.GAUGELET_EXPORTER_WEB_CONFIG,
    outputs: values.GAUGELET_EXPORTER_KEYS.map((pattern) => ({
      pattern,
      staleAfter: undefined,
      host: undefined,
    })),
    logLevel: values.GAUGELET_LOG_LEVEL,
  };
}
