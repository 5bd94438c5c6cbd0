import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ConfigurationError, validate } from "@gaugelet/shared/configuration";
import { type RedisAddress, redisAddressFrom } from "@gaugelet/shared/redis/connection";
import { z } from "zod";
import { readDropIn } from "./drop-in.ts";
import { readConfigurationFile } from "./file.ts";
import type { FunctionDefinition } from "./manifest.ts";

const port = (fallback: number) =>
  z.coerce.number("expected a port number").int().min(0).max(65_535).default(fallback);

const environmentSchema = z.object({
  GAUGELET_CONFIG: z.string().min(1).optional(),
  GAUGELET_MANAGEMENT_PORT: port(8421),
  GAUGELET_MANAGEMENT_ADDRESS: z.string().min(1).default("127.0.0.1"),
  GAUGELET_RUNTIME_PORT: port(8420),
  GAUGELET_RUNTIME_ADDRESS: z.string().min(1).default("127.0.0.1"),
  GAUGELET_NODE_NAME: z.string().min(1).optional(),
  GAUGELET_PYTHON: z.string().min(1).default("python3"),
  GAUGELET_STATE_DIR: z.string().min(1).optional(),
  GAUGELET_LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal"]).default("info"),
});

/** Where a server listens. Port 0: any free one. */
export interface ListenAddress {
  readonly address: string;
  readonly port: number;
}

/** Everything the runtime is told, checked once. */
export interface RuntimeConfiguration {
  readonly redis: RedisAddress;
  readonly functions: readonly FunctionDefinition[];
  /** Health and metrics. */
  readonly management: ListenAddress;
  /** The status page; not there in drop-in mode. */
  readonly status: ListenAddress | undefined;
  /** The Python program that workers run on. */
  readonly python: string;
  /** Folder that unpacked functions are kept in. */
  readonly stateFolder: string;
  readonly logLevel: string;
}

/**
 * Read the environment, and the configuration file where there is one. The only place that does.
 *
 * @throws ConfigurationError that says which variable or which place of which file is wrong.
 */
export async function readConfiguration(environment: NodeJS.ProcessEnv): Promise<RuntimeConfiguration> {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const values = validate(environmentSchema, set, "environment");
  const redis = redisAddressFrom(set);
  const file = configurationFile(values.GAUGELET_CONFIG, set);
  return {
    redis,
    functions:
      file === undefined ? [readDropIn(set)] : await readConfigurationFile(file, values.GAUGELET_NODE_NAME),
    management: { address: values.GAUGELET_MANAGEMENT_ADDRESS, port: values.GAUGELET_MANAGEMENT_PORT },
    status:
      file === undefined
        ? undefined
        : { address: values.GAUGELET_RUNTIME_ADDRESS, port: values.GAUGELET_RUNTIME_PORT },
    python: values.GAUGELET_PYTHON,
    stateFolder: resolve(
      values.GAUGELET_STATE_DIR ?? join(tmpdir(), `gaugelet-${process.getuid?.() ?? "user"}`),
    ),
    logLevel: values.GAUGELET_LOG_LEVEL,
  };
}

/** The file to read; undefined in drop-in mode. */
function configurationFile(named: string | undefined, environment: NodeJS.ProcessEnv): string | undefined {
  if (named !== undefined) return resolve(named);
  if (environment.REDIS_OUTPUT_KEY !== undefined) return undefined;
  if (existsSync("gaugelet.yaml")) return resolve("gaugelet.yaml");
  throw new ConfigurationError(
    "nothing to run: set GAUGELET_CONFIG to a gaugelet.yaml, or REDIS_OUTPUT_KEY (and FUNCTION_FILE) for one function",
  );
}
