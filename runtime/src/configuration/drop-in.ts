import { resolve } from "node:path";
import { ConfigurationError, validate } from "@gaugelet/shared/configuration";
import { SECRET_VARIABLES } from "@gaugelet/shared/redis/environment";
import { z } from "zod";
import { codeSource } from "./file.ts";
import { SECRET_KAFKA_VARIABLES } from "./kafka.ts";
import { CONTAINER_IS_THE_LIMIT } from "./limits.ts";
import {
  defineFunction,
  entryPointSchema,
  type FunctionDefinition,
  manifestSchema,
  type OperatorSettings,
} from "./manifest.ts";

/** Where a container's function is mounted. */
const MOUNTED_FILE = "/opt/usermodule.py";

const dropInSchema = z.object({
  REDIS_INPUT_KEY: z.string().min(1).default("metrics"),
  REDIS_OUTPUT_KEY: z.string().min(1),
  POLL_INTERVAL_SECONDS: z.coerce
    .number("expected a number of seconds")
    .min(0.001, "expected a number of seconds above 0")
    .max(86_400, "expected at most 86400 seconds")
    .default(5),
  FUNCTION_FILE: z.string().min(1).default(MOUNTED_FILE),
  FUNCTION_ZIP: z.string().min(1).optional(),
  FUNCTION_HANDLER: entryPointSchema.default("usermodule.handler"),
});

/** What stays the runtime's own: its settings, */
const NOT_PASSED_ON = /^(DATABASE_URL|GAUGELET_.*|NODE_.*|npm_.*|FUNCTION_ZIP)$/;
/** and the secrets it signs in with. */
const SECRETS = [NOT_PASSED_ON, SECRET_VARIABLES, SECRET_KAFKA_VARIABLES];

/**
 * One function from environment variables alone, named after its output key: what makes the runtime a
 * replacement for an image that is configured so.
 *
 * @throws ConfigurationError that names the variable.
 */
export function readDropIn(environment: NodeJS.ProcessEnv, operator: OperatorSettings): FunctionDefinition {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const values = validate(dropInSchema, set, "environment");
  if (values.REDIS_OUTPUT_KEY === values.REDIS_INPUT_KEY) {
    throw new ConfigurationError(
      `environment: REDIS_OUTPUT_KEY: expected another key than REDIS_INPUT_KEY: the output would replace the input, for all who read it (found ${JSON.stringify(values.REDIS_OUTPUT_KEY)})`,
    );
  }
  const manifest = manifestSchema.parse({
    // The output key names the function, and may hold what a manifest's name may not: set below.
    name: "drop-in",
    handler: values.FUNCTION_HANDLER,
    triggers: [
      {
        redisKey: escapePattern(values.REDIS_INPUT_KEY),
        pollInterval: `${Math.round(values.POLL_INTERVAL_SECONDS * 1000)}ms`,
      },
    ],
    limits: CONTAINER_IS_THE_LIMIT,
    // The container is the function's own: what its deployment sets is for the function to read.
    environment: Object.fromEntries(
      Object.entries(set).filter(([name]) => !SECRETS.some((secret) => secret.test(name))),
    ),
  });
  const source = codeSource(values.FUNCTION_ZIP ?? resolve(values.FUNCTION_FILE), process.cwd());
  return {
    // The output key is taken as it is, braces and all.
    ...defineFunction(manifest, source, { ...operator, nodeName: undefined }),
    name: values.REDIS_OUTPUT_KEY,
    outputKey: values.REDIS_OUTPUT_KEY,
  };
}

/** The input key is one key, whatever characters it has. */
function escapePattern(key: string): string {
  return key.replace(/[*?[\]\\]/g, "\\$&");
}
