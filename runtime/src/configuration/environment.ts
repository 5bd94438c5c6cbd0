import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigurationError, validate } from "@gaugelet/shared/configuration";
import { FilesRead } from "@gaugelet/shared/file-watch";
import type { RedisAddress } from "@gaugelet/shared/redis/address";
import { redisAddressFrom } from "@gaugelet/shared/redis/environment";
import { bytesSchema, parseDuration } from "@gaugelet/shared/units";
import { z } from "zod";
import { TOPIC_ENGINES, type TopicEngineName } from "../topics/topics.ts";
import type { OwnerRate } from "../usage/owner-rates.ts";
import { type AccessConfiguration, accessFrom } from "./access.ts";
import { type AllowedHosts, allowedHostsSchema } from "./allowed-hosts.ts";
import { type KeptConfiguration, keptFrom } from "./databases.ts";
import { readDropIn } from "./drop-in.ts";
import { type ConfigurationFile, readConfigurationFile } from "./file.ts";
import { isolationSchema } from "./isolation.ts";
import { type KafkaAddress, kafkaAddressFrom } from "./kafka.ts";
import type { FunctionDefinition, OperatorSettings } from "./manifest.ts";
import { USUAL_MODULES } from "./usual-modules.ts";

const port = (fallback: number) =>
  z.coerce.number("expected a port number").int().min(0).max(65_535).default(fallback);

/** Handlers wait for others more than they compute, as a rule. */
const BUSY_WORKERS_OF_A_CORE = 16;

const moduleList = z
  .string()
  .regex(
    /^\s*([A-Za-z_][\w.]*\s*(,\s*[A-Za-z_][\w.]*\s*)*)?$/,
    "expected names of modules with commas between, such as numpy,pandas",
  )
  .transform((text) =>
    text
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
  );

const DEFAULT_PRICES = fileURLToPath(new URL("../usage/default-prices.yaml", import.meta.url));
const retentionSchema = z.string().transform((text, context) => {
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds >= 3600) return seconds;
  context.addIssue({ code: "custom", message: "expected a duration of at least 1h, such as 12h or 30d" });
  return z.NEVER;
});

const NO_CLUSTER =
  "environment: REDIS_CLUSTER_NODES: the runtime cannot store in a Redis Cluster, as it writes an output, its env, its position and its entry in gaugelet:outputs in one atomic step; use one Redis, or Sentinels (only the exporter reads from a Cluster)";

const environmentSchema = z.object({
  GAUGELET_CONFIG: z.string().min(1).optional(),
  GAUGELET_MANAGEMENT_PORT: port(8421),
  GAUGELET_MANAGEMENT_ADDRESS: z.string().min(1).default("127.0.0.1"),
  GAUGELET_RUNTIME_PORT: port(8420),
  GAUGELET_RUNTIME_ADDRESS: z.string().min(1).default("127.0.0.1"),
  GAUGELET_NODE_NAME: z.string().min(1).optional(),
  GAUGELET_TOPICS: z.enum(TOPIC_ENGINES, "expected redis or kafka").default("redis"),
  PROMETHEUS_URL: z
    .url({ protocol: /^https?$/, error: "expected the address of Prometheus, such as http://127.0.0.1:9090" })
    .default("http://127.0.0.1:9090"),
  GAUGELET_BUSY_WORKERS: z.coerce
    .number("expected a number of workers")
    .int()
    .min(1)
    .default(BUSY_WORKERS_OF_A_CORE * availableParallelism()),
  GAUGELET_PYTHON: z.string().min(1).default("python3"),
  GAUGELET_PRELOAD: moduleList.optional(),
  GAUGELET_MINIMUM_ISOLATION: isolationSchema.default("process"),
  GAUGELET_IMAGE: z.string().min(1).optional(),
  GAUGELET_MICROVM_DIR: z.string().min(1).optional(),
  GAUGELET_RECORD_BYTES: z.coerce
    .number("expected a number of bytes")
    .int()
    .min(0)
    .max(16 * 1024 ** 2)
    .default(64 * 1024),
  GAUGELET_RUNS_BACKLOG: z.coerce.number("expected a number of entries").int().min(10).default(20_000),
  GAUGELET_RUNS_RETENTION: retentionSchema.default(30 * 24 * 3600),
  GAUGELET_RUNS_MAX_BYTES: bytesSchema.optional(),
  GAUGELET_ALLOWED_URL_HOSTS: allowedHostsSchema.default({ names: new Set(), ranges: [] }),
  GAUGELET_DEPENDENCIES: z.enum(["allow", "refuse"], "expected allow or refuse").default("refuse"),
  GAUGELET_PRICES: z.string().min(1).optional(),
  GAUGELET_OWNER_RATE: z.coerce
    .number("expected calls per second, above 0")
    .positive("expected calls per second, above 0")
    .max(1_000_000)
    .optional(),
  GAUGELET_OWNER_BURST: z.coerce
    .number("expected a number of calls")
    .int("expected a whole number of calls")
    .min(1)
    .max(1_000_000)
    .optional(),
  GAUGELET_LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal"]).default("info"),
});

/** How runs are recorded, where there is a catalog. */
export interface RunsConfiguration {
  /** Of an input and of an output; more is cut. */
  readonly recordBytes: number;
  /** Entries that wait in Redis for the database, at most. */
  readonly backlog: number;
  /** Seconds that runs are kept for. */
  readonly retention: number;
  /** Bytes that runs may take in the database; undefined: any. */
  readonly maxBytes: number | undefined;
}

/** Where a server listens. Port 0: any free one. */
export interface ListenAddress {
  readonly address: string;
  readonly port: number;
}

/** A configuration file that is read again when it changes. */
export interface WatchedFile extends ConfigurationFile {
  readonly path: string;
  /** It and those that it names, as they were read. */
  readonly read: FilesRead;
  /** @throws ConfigurationError as the first reading did. */
  readonly readAgain: (read: FilesRead) => Promise<ConfigurationFile>;
}

/** Everything the runtime is told, checked once. */
export interface RuntimeConfiguration extends KeptConfiguration {
  readonly redis: RedisAddress;
  readonly functions: readonly FunctionDefinition[];
  /** Where they came from and may change; undefined in drop-in mode. */
  readonly file: WatchedFile | undefined;
  readonly topics: TopicEngineName;
  readonly kafka: KafkaAddress | undefined;
  /** How many workers of all functions together may be busy at a time. */
  readonly busyWorkers: number;
  /** Address of Prometheus. */
  readonly prometheus: string;
  /** Health and metrics. */
  readonly management: ListenAddress;
  /** The status page, and calls of functions over HTTP; not there in drop-in mode. */
  readonly status: ListenAddress | undefined;
  /** The Python program that workers run on. */
  readonly python: string;
  /** Modules that are imported once, before any function asks for them; those not installed are left out. */
  readonly preload: readonly string[];
  /** What no manifest can say. */
  readonly operator: OperatorSettings;
  /** Who may do what. */
  readonly access: AccessConfiguration;
  /** The price list; undefined in drop-in mode: nothing costs anything. */
  readonly prices: string | undefined;
  /** How often an owner's functions may be called over HTTP; undefined: as often as anybody likes. */
  readonly ownerRate: OwnerRate | undefined;
  readonly runs: RunsConfiguration;
  /** Folder that kernels, images and saved memory of virtual machines are kept in. */
  readonly machineFolder: string;
  /** Where uploads may be fetched from besides public addresses. */
  readonly allowedUrlHosts: AllowedHosts;
  /** Whether packages that functions name are installed. */
  readonly allowsDependencies: boolean;
  /** Name and digest of the image that this runs from, as the operator says them. */
  readonly image: string | null;
  readonly logLevel: string;
}

/**
 * Read the environment, and the configuration file where there is one. The only place that does.
 *
 * @throws ConfigurationError that says which variable or which place of which file is wrong.
 */
export async function readConfiguration(environment: NodeJS.ProcessEnv): Promise<RuntimeConfiguration> {
  // Set to nothing is not set, but for the one list that may be empty.
  const set = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => value !== "" || name === "GAUGELET_PRELOAD"),
  );
  const values = validate(environmentSchema, set, "environment");
  const place = placeFrom(values, set);
  const path = configurationFile(values.GAUGELET_CONFIG, set);
  const operator: OperatorSettings = {
    nodeName: values.GAUGELET_NODE_NAME,
    minimumIsolation: values.GAUGELET_MINIMUM_ISOLATION,
  };
  const file = path === undefined ? undefined : await readWatchedFile(path, operator);
  const status =
    file === undefined
      ? undefined
      : { address: values.GAUGELET_RUNTIME_ADDRESS, port: values.GAUGELET_RUNTIME_PORT };
  const { stateFolder, database } = keptFrom(set, file !== undefined);
  return {
    ...place,
    functions: file?.functions ?? [readDropIn(set, operator)],
    file,
    busyWorkers: values.GAUGELET_BUSY_WORKERS,
    prometheus: values.PROMETHEUS_URL,
    management: { address: values.GAUGELET_MANAGEMENT_ADDRESS, port: values.GAUGELET_MANAGEMENT_PORT },
    status,
    python: values.GAUGELET_PYTHON,
    preload: values.GAUGELET_PRELOAD ?? (file === undefined ? [] : USUAL_MODULES),
    operator,
    database,
    access: accessFrom(set, status?.address, database !== undefined),
    prices: file && resolve(values.GAUGELET_PRICES ?? DEFAULT_PRICES),
    ownerRate: ownerRateFrom(values),
    runs: {
      recordBytes: values.GAUGELET_RECORD_BYTES,
      backlog: values.GAUGELET_RUNS_BACKLOG,
      retention: values.GAUGELET_RUNS_RETENTION,
      maxBytes: values.GAUGELET_RUNS_MAX_BYTES,
    },
    stateFolder,
    machineFolder: resolve(values.GAUGELET_MICROVM_DIR ?? join(stateFolder, "microvm")),
    allowedUrlHosts: values.GAUGELET_ALLOWED_URL_HOSTS,
    allowsDependencies: values.GAUGELET_DEPENDENCIES === "allow",
    image: values.GAUGELET_IMAGE ?? null,
    logLevel: values.GAUGELET_LOG_LEVEL,
  };
}

async function readWatchedFile(path: string, operator: OperatorSettings): Promise<WatchedFile> {
  const readAgain = (read: FilesRead): Promise<ConfigurationFile> =>
    readConfigurationFile(path, operator, read);
  const read = new FilesRead();
  return { ...(await readAgain(read)), path, read, readAgain };
}

/**
 * Where Redis and topics are, for those who need no more.
 *
 * @throws ConfigurationError that says which variable is wrong.
 */
export function readPlace(
  environment: NodeJS.ProcessEnv,
): Pick<RuntimeConfiguration, "redis" | "topics" | "kafka"> {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const values = validate(environmentSchema, set, "environment");
  return placeFrom(values, set);
}

function placeFrom(
  values: z.output<typeof environmentSchema>,
  set: NodeJS.ProcessEnv,
): Pick<RuntimeConfiguration, "redis" | "topics" | "kafka"> {
  const redis = redisAddressFrom(set);
  if (redis.cluster !== undefined) throw new ConfigurationError(NO_CLUSTER);
  const kafka = kafkaAddressFrom(set);
  if (values.GAUGELET_TOPICS === "kafka" && kafka === undefined) {
    throw new ConfigurationError(
      "environment: KAFKA_BROKERS: expected addresses such as kafka-1:9092,kafka-2:9092, since GAUGELET_TOPICS is kafka",
    );
  }
  return { redis, topics: values.GAUGELET_TOPICS, kafka };
}

function ownerRateFrom({
  GAUGELET_OWNER_RATE: perSecond,
  GAUGELET_OWNER_BURST: burst,
}: z.output<typeof environmentSchema>): OwnerRate | undefined {
  if (perSecond !== undefined) return { perSecond, burst: burst ?? Math.ceil(2 * perSecond) };
  if (burst === undefined) return undefined;
  throw new ConfigurationError(
    "environment: GAUGELET_OWNER_BURST: expected GAUGELET_OWNER_RATE as well, of which it is the calls at once",
  );
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
