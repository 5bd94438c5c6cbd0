import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createAuthority, type TestAuthority } from "@gaugelet/testing/certificates";
import { startKafka, type TestKafka } from "@gaugelet/testing/kafka-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KafkaTopics } from "../../src/topics/kafka/kafka-topics.ts";

let authority: TestAuthority;
let stranger: TestAuthority;
let kafka: TestKafka;

beforeAll(async () => {
  [authority, stranger] = await Promise.all([createAuthority(), createAuthority()]);
  const { cert, key } = await authority.issue("kafka");
  const store = join(dirname(key), "store.pem");
  const parts = await Promise.all([key, cert, authority.ca].map((file) => readFile(file, "utf8")));
  await writeFile(store, parts.join(""));
  kafka = await startKafka({
    properties: {
      "listener.security.protocol.map": "CLIENT:SSL,CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT",
      "ssl.keystore.type": "PEM",
      "ssl.keystore.location": store,
    },
  });
}, 120_000);

afterAll(async () => {
  await kafka?.stop();
  await authority?.remove();
  await stranger?.remove();
});

/** List topics, trusting an authority where one is given, and else without TLS. */
async function list(trusted: TestAuthority | undefined): Promise<string[]> {
  const ca = trusted === undefined ? undefined : await readFile(trusted.ca, "utf8");
  const tls = ca === undefined ? undefined : { ca, cert: undefined, key: undefined };
  const topics = new KafkaTopics({ brokers: kafka.brokers, tls, sasl: undefined });
  try {
    return await topics.list();
  } finally {
    await topics.stop();
  }
}

test("Kafka is spoken to over TLS", async () => {
  expect(await list(authority)).toEqual([]);
});

test.each([
  [
    "an unknown authority",
    () => stranger,
    "nobody we know vouches for its certificate; set KAFKA_TLS_CA_FILE",
  ],
  ["no TLS", () => undefined, "it speaks TLS; set KAFKA_TLS=true"],
])("%s is told as that", { timeout: 60_000 }, async (_what, trusted, hint) => {
  await expect(list(trusted())).rejects.toThrow(
    `cannot list topics: no broker of KAFKA_BROKERS can be reached: ${hint}`,
  );
});
