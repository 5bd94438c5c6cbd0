import { ConfigurationError, validate } from "@gaugelet/shared/configuration";
import { readEnvironmentFile, readSecret } from "@gaugelet/shared/environment-files";
import { z } from "zod";

const MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;

const BROKER = /^(\[[0-9a-fA-F:]+\]|[^\s:,/@]+):(\d{1,5})$/;

const text = z.string().min(1).optional();

const environmentSchema = z.object({
  KAFKA_BROKERS: z
    .string()
    .transform((list) => list.split(",").map((broker) => broker.trim()))
    .refine(
      (list) => list.every((broker) => BROKER.test(broker)),
      "expected host:port with commas between, such as kafka-1:9092,kafka-2:9092",
    )
    .optional(),
  KAFKA_TLS: z.enum(["true", "false"], "expected true or false").optional(),
  KAFKA_TLS_CA_FILE: text,
  KAFKA_TLS_CERT_FILE: text,
  KAFKA_TLS_KEY_FILE: text,
  KAFKA_SASL_MECHANISM: z.enum(MECHANISMS, `expected ${MECHANISMS.join(" or ")}`).optional(),
  KAFKA_USERNAME: text,
  KAFKA_PASSWORD: text,
  KAFKA_PASSWORD_FILE: text,
});

type Variables = z.output<typeof environmentSchema>;

/** Variables that hold a secret, or say where one is: nothing for code that is not our own. */
export const SECRET_KAFKA_VARIABLES = /^KAFKA_(USERNAME|PASSWORD|TLS_)/;

/** Where Kafka is, and how it is signed in. */
export interface KafkaAddress {
  /** `host:port`; the first that answers names all others. */
  readonly brokers: readonly string[];
  /** Certificates as PEM text; undefined: no TLS. */
  readonly tls:
    | { readonly ca: string | undefined; readonly cert: string | undefined; readonly key: string | undefined }
    | undefined;
  readonly sasl:
    | {
        readonly mechanism: (typeof MECHANISMS)[number];
        readonly username: string;
        readonly password: string;
      }
    | undefined;
}

/**
 * Read the variables that say where Kafka is, and the files that they name.
 *
 * @returns undefined where none says it.
 * @throws ConfigurationError where one of them is malformed, or of no use without another. It never shows a password.
 */
export function kafkaAddressFrom(environment: NodeJS.ProcessEnv): KafkaAddress | undefined {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const values = validate(environmentSchema, set, "environment");
  const { KAFKA_BROKERS: brokers } = values;
  if (brokers === undefined) return undefined;
  return { brokers, tls: tlsOf(values), sasl: saslOf(values) };
}

function tlsOf(values: Variables): KafkaAddress["tls"] {
  const { KAFKA_TLS_CA_FILE: ca, KAFKA_TLS_CERT_FILE: cert, KAFKA_TLS_KEY_FILE: key } = values;
  if (values.KAFKA_TLS !== "true") {
    if ((ca ?? cert ?? key) === undefined) return undefined;
    // Rather than a connection that is plain although somebody meant it not to be.
    fail("KAFKA_TLS_… are of no use without KAFKA_TLS=true");
  }
  if ((cert === undefined) !== (key === undefined)) {
    fail("KAFKA_TLS_CERT_FILE and KAFKA_TLS_KEY_FILE go together; set both");
  }
  return {
    ca: readEnvironmentFile("KAFKA_TLS_CA_FILE", ca),
    cert: readEnvironmentFile("KAFKA_TLS_CERT_FILE", cert),
    key: readEnvironmentFile("KAFKA_TLS_KEY_FILE", key),
  };
}

function saslOf(values: Variables): KafkaAddress["sasl"] {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_USERNAME: username } = values;
  const password = readSecret("KAFKA_PASSWORD", values.KAFKA_PASSWORD, values.KAFKA_PASSWORD_FILE);
  if (mechanism === undefined) {
    if ((username ?? password) === undefined) return undefined;
    fail(
      `KAFKA_USERNAME and KAFKA_PASSWORD are of no use without KAFKA_SASL_MECHANISM: ${MECHANISMS.join(", ")}`,
    );
  }
  if (username === undefined || password === undefined) {
    fail("KAFKA_SASL_MECHANISM needs KAFKA_USERNAME, and KAFKA_PASSWORD or KAFKA_PASSWORD_FILE");
  }
  return { mechanism, username, password };
}

function fail(message: string): never {
  throw new ConfigurationError(`environment: ${message}`);
}
