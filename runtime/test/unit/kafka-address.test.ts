import { ConfigurationError } from "@gaugelet/shared/configuration";
import { describe, expect, test } from "vitest";
import { kafkaAddressFrom } from "../../src/configuration/kafka.ts";
import { useConfigurationFolder } from "./configuration-folder.ts";

const folder = useConfigurationFolder();
const KAFKA_BROKERS = "kafka-1:9092";

/** What is said of wrong variables. */
function errorOf(environment: NodeJS.ProcessEnv): string {
  try {
    kafkaAddressFrom({ KAFKA_BROKERS, ...environment });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error("it was accepted");
}

describe("where Kafka is", () => {
  test("is not known where no variable says it, or one is empty", () => {
    expect(kafkaAddressFrom({})).toBeUndefined();
    expect(kafkaAddressFrom({ KAFKA_BROKERS: "" })).toBeUndefined();
  });

  test("is a list of brokers, with blanks or without", () => {
    expect(
      kafkaAddressFrom({ KAFKA_BROKERS: "a:1, b.example:9092 ,[::1]:9093", KAFKA_PASSWORD: "" }),
    ).toEqual({
      brokers: ["a:1", "b.example:9092", "[::1]:9093"],
      tls: undefined,
      sasl: undefined,
    });
  });

  test.each(["kafka", "kafka:", ":9092", "a:1,,b:2", "a:1 b:2", "kafka://a:1", "user@a:1", "a:123456"])(
    "is not %j",
    (brokers) => {
      expect(errorOf({ KAFKA_BROKERS: brokers })).toContain(
        "environment: KAFKA_BROKERS: expected host:port with commas between, such as kafka-1:9092,kafka-2:9092",
      );
    },
  );
});

describe("TLS", () => {
  test("has files, or what Node trusts", async () => {
    const ca = await folder.write("ca.pem", "authority");
    const cert = await folder.write("cert.pem", "certificate");
    const key = await folder.write("key.pem", "secret");
    expect(kafkaAddressFrom({ KAFKA_BROKERS, KAFKA_TLS: "true" })?.tls).toEqual({});
    const files = { KAFKA_TLS_CA_FILE: ca, KAFKA_TLS_CERT_FILE: cert, KAFKA_TLS_KEY_FILE: key };
    expect(kafkaAddressFrom({ KAFKA_BROKERS, KAFKA_TLS: "true", ...files })?.tls).toEqual({
      ca: "authority",
      cert: "certificate",
      key: "secret",
    });
    expect(kafkaAddressFrom({ KAFKA_BROKERS, KAFKA_TLS: "false" })?.tls).toBeUndefined();
  });

  test("is true or false", () => {
    expect(errorOf({ KAFKA_TLS: "yes" })).toBe(
      'environment: KAFKA_TLS: expected true or false (found "yes")',
    );
  });

  test.each(["KAFKA_TLS_CA_FILE", "KAFKA_TLS_CERT_FILE", "KAFKA_TLS_KEY_FILE"])(
    "%s alone does not mean a plain connection",
    (name) => {
      const expected = "environment: KAFKA_TLS_… are of no use without KAFKA_TLS=true";
      expect(errorOf({ [name]: "file" })).toBe(expected);
      expect(errorOf({ [name]: "file", KAFKA_TLS: "false" })).toBe(expected);
    },
  );

  test.each(["KAFKA_TLS_CERT_FILE", "KAFKA_TLS_KEY_FILE"])("%s needs the other one", (name) => {
    expect(errorOf({ KAFKA_TLS: "true", [name]: "file" })).toBe(
      "environment: KAFKA_TLS_CERT_FILE and KAFKA_TLS_KEY_FILE go together; set both",
    );
  });

  test("says which file cannot be read", () => {
    expect(errorOf({ KAFKA_TLS: "true", KAFKA_TLS_CA_FILE: "/nowhere/ca.pem" })).toMatch(
      /^environment: KAFKA_TLS_CA_FILE: cannot be read: ENOENT.*\/nowhere\/ca\.pem/,
    );
  });
});

describe("signing in", () => {
  const KAFKA_SASL_MECHANISM = "SCRAM-SHA-256";
  const secret = "hush";

  test("takes the password, or the file that holds it", async () => {
    const file = await folder.write("password", `${secret}\n`);
    const sasl = { mechanism: "SCRAM-SHA-256", username: "ada", password: secret };
    const user = { KAFKA_BROKERS, KAFKA_SASL_MECHANISM, KAFKA_USERNAME: "ada" };
    expect(kafkaAddressFrom({ ...user, KAFKA_PASSWORD: secret })?.sasl).toEqual(sasl);
    expect(kafkaAddressFrom({ ...user, KAFKA_PASSWORD_FILE: file })?.sasl).toEqual(sasl);
  });

  test.each(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])("knows %s", (mechanism) => {
    const user = { KAFKA_SASL_MECHANISM: mechanism, KAFKA_USERNAME: "ada", KAFKA_PASSWORD: secret };
    expect(kafkaAddressFrom({ KAFKA_BROKERS, ...user })?.sasl?.mechanism).toBe(mechanism);
  });

  test("knows no other mechanism", () => {
    expect(errorOf({ KAFKA_SASL_MECHANISM: "GSSAPI" })).toBe(
      'environment: KAFKA_SASL_MECHANISM: expected PLAIN or SCRAM-SHA-256 or SCRAM-SHA-512 (found "GSSAPI")',
    );
  });

  test.each([{ KAFKA_USERNAME: "ada" }, { KAFKA_PASSWORD: secret }])(
    "%j needs a mechanism",
    (environment) => {
      const message = errorOf(environment);
      expect(message).toMatch(
        /^environment: KAFKA_USERNAME and KAFKA_PASSWORD are of no use without KAFKA_SASL_MECHANISM: PLAIN/,
      );
      expect(message).not.toContain(secret);
    },
  );

  test.each([{ KAFKA_USERNAME: "ada" }, { KAFKA_PASSWORD: secret }, {}])(
    "a mechanism with %j alone is not enough",
    (environment) => {
      const message = errorOf({ KAFKA_SASL_MECHANISM, ...environment });
      expect(message).toBe(
        "environment: KAFKA_SASL_MECHANISM needs KAFKA_USERNAME, and KAFKA_PASSWORD or KAFKA_PASSWORD_FILE",
      );
    },
  );

  test("has one password", () => {
    const both = { KAFKA_SASL_MECHANISM, KAFKA_PASSWORD: secret, KAFKA_PASSWORD_FILE: "/nowhere" };
    const message = errorOf(both);
    expect(message).toBe(
      "environment: KAFKA_PASSWORD and KAFKA_PASSWORD_FILE are both set; unset one of them",
    );
  });

  test("says that the file of the password cannot be read", () => {
    expect(errorOf({ KAFKA_SASL_MECHANISM, KAFKA_USERNAME: "ada", KAFKA_PASSWORD_FILE: "/dev/null" })).toBe(
      "environment: KAFKA_PASSWORD_FILE: /dev/null is empty",
    );
    expect(errorOf({ KAFKA_SASL_MECHANISM, KAFKA_USERNAME: "ada", KAFKA_PASSWORD_FILE: "/nowhere" })).toMatch(
      /^environment: KAFKA_PASSWORD_FILE: cannot be read: ENOENT/,
    );
  });
});
