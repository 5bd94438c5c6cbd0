import { z } from "zod";
import { ConfigurationError, validate } from "../configuration.ts";
import { readSecret } from "../environment-files.ts";
import { parseNode, type RedisAddress, type RedisNode, type RedisSentinels } from "./address.ts";
import { readTls } from "./tls.ts";
import { parseRedisUrl, type RedisUrl } from "./url.ts";

const text = z.string().min(1).optional();

const nodes = (defaultPort: number) =>
  z
    .string()
    .transform((list, context) => {
      const read = list.split(",").map((node) => parseNode(node.trim(), defaultPort));
      if (read.every((node) => node !== undefined)) return read;
      context.addIssue({ code: "custom", message: "expected host:port with commas between" });
      return z.NEVER;
    })
    .optional();

const environmentSchema = z.object({
  REDIS_URL: text,
  REDIS_HOST: text,
  REDIS_PORT: z.coerce.number().int().min(1).max(65_535).optional(),
  REDIS_USERNAME: text,
  REDIS_PASSWORD: text,
  REDIS_PASSWORD_FILE: text,
  REDIS_DB: z.coerce.number().int().min(0).optional(),
  REDIS_TLS: z.enum(["true", "false"]).optional(),
  REDIS_TLS_CA_FILE: text,
  REDIS_TLS_CERT_FILE: text,
  REDIS_TLS_KEY_FILE: text,
  REDIS_TLS_SERVER_NAME: text,
  REDIS_SENTINELS: nodes(26_379),
  REDIS_SENTINEL_NAME: text,
  REDIS_SENTINEL_USERNAME: text,
  REDIS_SENTINEL_PASSWORD: text,
  REDIS_SENTINEL_PASSWORD_FILE: text,
  REDIS_CLUSTER_NODES: nodes(6379),
});

/** What the variables say, each by itself. */
type Variables = z.output<typeof environmentSchema>;

/** Variables that hold a secret, or say where one is: nothing for code that is not our own. */
export const SECRET_VARIABLES = /^REDIS_(URL|USERNAME|PASSWORD|TLS_|SENTINEL_(USERNAME|PASSWORD))/;

/**
 * Read the variables that say where Redis is, and the files that they name.
 *
 * @throws ConfigurationError where one of them is malformed, or two contradict each other. It never shows a
 * password.
 */
export function redisAddressFrom(environment: NodeJS.ProcessEnv): RedisAddress {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const values = validate(environmentSchema, set, "environment");
  const url =
    values.REDIS_URL === undefined ? undefined : parseRedisUrl(values.REDIS_URL, "environment: REDIS_URL");
  refuseContradictions(values, url);
  const sentinels = sentinelsOf(values);
  const cluster = values.REDIS_CLUSTER_NODES;
  const db = url?.db ?? values.REDIS_DB ?? 0;
  if (cluster !== undefined && db !== 0)
    fail(`REDIS_DB: a Redis Cluster has no database but 0 (found ${db})`);
  const first = sentinels?.nodes[0] ?? cluster?.[0] ?? url ?? single(values);
  return {
    host: first.host,
    port: first.port,
    username: url?.username ?? values.REDIS_USERNAME,
    password: url?.password ?? secretOf("REDIS_PASSWORD", values),
    db,
    tls: readTls(values, url?.tls ?? values.REDIS_TLS === "true"),
    sentinels,
    cluster,
  };
}

function single({ REDIS_HOST: host = "127.0.0.1", REDIS_PORT: port = 6379 }: Variables): RedisNode {
  return { host, port };
}

/** Of two that say the same thing neither is right. */
function refuseContradictions(values: Variables, url: RedisUrl | undefined): void {
  const place = ["REDIS_URL", "REDIS_SENTINELS", "REDIS_CLUSTER_NODES"] as const;
  const places = place.filter((name) => values[name] !== undefined);
  const other = (["REDIS_HOST", "REDIS_PORT"] as const).find((name) => values[name] !== undefined);
  const [one, two = other] = places;
  if (one !== undefined && two !== undefined)
    fail(`${one} and ${two} both say where Redis is; unset one of them`);
  const saidByUrl: readonly (keyof Variables | false | undefined)[] =
    url === undefined
      ? []
      : [
          "REDIS_TLS",
          url.db !== undefined && "REDIS_DB",
          url.username !== undefined && "REDIS_USERNAME",
          url.password !== undefined && "REDIS_PASSWORD",
          url.password !== undefined && "REDIS_PASSWORD_FILE",
        ];
  for (const name of saidByUrl) {
    if (name && values[name] !== undefined)
      fail(`REDIS_URL and ${name} say the same thing; unset one of them`);
  }
}

function sentinelsOf(values: Variables): RedisSentinels | undefined {
  const { REDIS_SENTINELS: nodes, REDIS_SENTINEL_NAME: name, REDIS_SENTINEL_USERNAME: username } = values;
  const password = secretOf("REDIS_SENTINEL_PASSWORD", values);
  if (nodes !== undefined) {
    if (name !== undefined) return { nodes, name, username, password };
    fail("REDIS_SENTINEL_NAME is missing: what the Sentinels call the primary, often mymaster");
  }
  if ((name ?? username ?? password) === undefined) return undefined;
  fail("REDIS_SENTINEL_NAME, …_USERNAME and …_PASSWORD are of no use without REDIS_SENTINELS");
}

function secretOf(name: "REDIS_PASSWORD" | "REDIS_SENTINEL_PASSWORD", values: Variables): string | undefined {
  return readSecret(name, values[name], values[`${name}_FILE`]);
}

function fail(message: string): never {
  throw new ConfigurationError(`environment: ${message}`);
}
