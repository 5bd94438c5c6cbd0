import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import { type CertificateFiles, createAuthority, type TestAuthority } from "@gaugelet/testing/certificates";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeAddress } from "../src/redis/address.ts";
import { redisAddressFrom, SECRET_VARIABLES } from "../src/redis/environment.ts";

let folder: string;
let authority: TestAuthority;
let pair: CertificateFiles;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gaugelet-redis-environment-"));
  await writeFile(join(folder, "password"), "from a file\n");
  await writeFile(join(folder, "empty"), "\n");
  authority = await createAuthority();
  pair = await authority.issue("client");
});
afterAll(async () => {
  await authority.remove();
  await rm(folder, { recursive: true });
});

/** `$` stands for the folder. */
const read = (variables: Record<string, string>) =>
  redisAddressFrom(
    Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, value.replace("$", folder)])),
  );

const DEFAULTS = { host: "127.0.0.1", port: 6379, username: undefined, password: undefined, db: 0 };

describe("the address", () => {
  test.each<[Record<string, string>, object]>([
    [{}, DEFAULTS],
    [{ REDIS_HOST: "", REDIS_PORT: "", REDIS_PASSWORD: "", REDIS_TLS: "", OTHER: "x" }, DEFAULTS],
    [
      { REDIS_HOST: "redis", REDIS_PORT: "6380", REDIS_USERNAME: "u", REDIS_PASSWORD: " p ", REDIS_DB: "2" },
      { host: "redis", port: 6380, username: "u", password: " p ", db: 2 },
    ],
    [{ REDIS_TLS: "false" }, DEFAULTS],
    [{ REDIS_PASSWORD_FILE: "$/password" }, { ...DEFAULTS, password: "from a file" }],
    [{ REDIS_URL: "redis://redis" }, { ...DEFAULTS, host: "redis" }],
    [
      { REDIS_URL: "redis://:s%40%2F:x@redis:1/3" },
      { ...DEFAULTS, host: "redis", port: 1, password: "s@/:x", db: 3 },
    ],
    [
      { REDIS_URL: "redis://u:p@[::1]:7/" },
      { ...DEFAULTS, host: "::1", port: 7, username: "u", password: "p" },
    ],
    [
      { REDIS_URL: "redis://u@redis", REDIS_PASSWORD_FILE: "$/password", REDIS_DB: "4" },
      { ...DEFAULTS, host: "redis", username: "u", password: "from a file", db: 4 },
    ],
    [
      {
        REDIS_SENTINELS: "a, b:1,[::1]:2",
        REDIS_SENTINEL_NAME: "main",
        REDIS_SENTINEL_PASSWORD_FILE: "$/password",
      },
      {
        ...DEFAULTS,
        host: "a",
        port: 26379,
        sentinels: {
          nodes: [
            { host: "a", port: 26379 },
            { host: "b", port: 1 },
            { host: "::1", port: 2 },
          ],
          name: "main",
          username: undefined,
          password: "from a file",
        },
      },
    ],
    [
      { REDIS_CLUSTER_NODES: "a,b:1" },
      {
        ...DEFAULTS,
        host: "a",
        cluster: [
          { host: "a", port: 6379 },
          { host: "b", port: 1 },
        ],
      },
    ],
  ])("that %j says", (variables, address) => {
    expect(read(variables)).toEqual(address);
  });

  test("has the files of TLS read", () => {
    const nothing = { ca: undefined, cert: undefined, key: undefined, serverName: undefined };
    expect(read({ REDIS_TLS: "true" }).tls).toEqual(nothing);
    expect(read({ REDIS_URL: "rediss://redis" }).tls).toEqual(nothing);
    const pem = expect.stringContaining("-----BEGIN");
    expect(
      redisAddressFrom({
        REDIS_TLS: "true",
        REDIS_TLS_CA_FILE: authority.ca,
        REDIS_TLS_CERT_FILE: pair.cert,
        REDIS_TLS_KEY_FILE: pair.key,
        REDIS_TLS_SERVER_NAME: "redis.example",
      }).tls,
    ).toEqual({ ca: pem, cert: pem, key: pem, serverName: "redis.example" });
  });

  test.each([
    [{ REDIS_URL: "redis://u:secret@redis:1" }, "redis:1"],
    [{ REDIS_HOST: "::1" }, "[::1]:6379"],
    [{ REDIS_SENTINELS: "a,b", REDIS_SENTINEL_NAME: "main" }, "main by Sentinel at a:26379, b:26379"],
    [{ REDIS_CLUSTER_NODES: "a,b:1" }, "the cluster at a:6379, b:1"],
  ])("that %j says is shown without what signs in", (variables, text) => {
    expect(describeAddress(read(variables))).toBe(text);
  });
});

describe("is refused, by the variable's name and what to do:", () => {
  test.each<[Record<string, string>, string]>([
    [{ REDIS_PORT: "x" }, 'REDIS_PORT: Invalid input: expected number, received NaN (found "x")'],
    [{ REDIS_PORT: "0" }, "REDIS_PORT: Too small"],
    [{ REDIS_PORT: "65536" }, "REDIS_PORT: Too big"],
    [{ REDIS_PORT: "6379.5" }, "REDIS_PORT: Invalid input: expected int"],
    [{ REDIS_PORT: "tcp://10.0.0.1:6379" }, "REDIS_PORT: Invalid input"],
    [{ REDIS_DB: "-1" }, "REDIS_DB: Too small"],
    [{ REDIS_DB: "x" }, "REDIS_DB: Invalid input"],
    [{ REDIS_TLS: "yes" }, 'REDIS_TLS: Invalid option: expected one of "true"|"false" (found "yes")'],
    ...[
      "redis",
      "http://redis",
      "redis://",
      "redis://redis/x",
      "redis://redis:0",
      "redis://secret@a@redis/0?x=1",
      "redis://:%secret@redis",
    ].map((url): [Record<string, string>, string] => [
      { REDIS_URL: url },
      "REDIS_URL: expected redis://host:port or rediss://user:password@host:port/database",
    ]),
    [
      { REDIS_URL: "redis://redis", REDIS_HOST: "a" },
      "REDIS_URL and REDIS_HOST both say where Redis is; unset one of them",
    ],
    [
      { REDIS_SENTINELS: "a", REDIS_SENTINEL_NAME: "main", REDIS_PORT: "1" },
      "REDIS_SENTINELS and REDIS_PORT both say where Redis is; unset one of them",
    ],
    [
      { REDIS_SENTINELS: "a", REDIS_CLUSTER_NODES: "b" },
      "REDIS_SENTINELS and REDIS_CLUSTER_NODES both say where Redis is; unset one of them",
    ],
    [
      { REDIS_URL: "redis://:secret@redis", REDIS_PASSWORD: "secret" },
      "REDIS_URL and REDIS_PASSWORD say the same thing; unset one of them",
    ],
    [
      { REDIS_URL: "redis://redis/1", REDIS_DB: "1" },
      "REDIS_URL and REDIS_DB say the same thing; unset one of them",
    ],
    [
      { REDIS_URL: "redis://redis", REDIS_TLS: "true" },
      "REDIS_URL and REDIS_TLS say the same thing; unset one of them",
    ],
    [
      { REDIS_PASSWORD: "secret", REDIS_PASSWORD_FILE: "$/password" },
      "REDIS_PASSWORD and REDIS_PASSWORD_FILE are both set; unset one of them",
    ],
    [{ REDIS_PASSWORD_FILE: "$/none" }, "REDIS_PASSWORD_FILE: cannot be read: ENOENT"],
    [{ REDIS_PASSWORD_FILE: "$/empty" }, "REDIS_PASSWORD_FILE: "],
    [
      { REDIS_SENTINELS: "a" },
      "REDIS_SENTINEL_NAME is missing: what the Sentinels call the primary, often mymaster",
    ],
    [
      { REDIS_SENTINEL_NAME: "main" },
      "REDIS_SENTINEL_NAME, …_USERNAME and …_PASSWORD are of no use without REDIS_SENTINELS",
    ],
    [
      { REDIS_SENTINELS: "a:x", REDIS_SENTINEL_NAME: "main" },
      'REDIS_SENTINELS: expected host:port with commas between (found "a:x")',
    ],
    [{ REDIS_CLUSTER_NODES: "a,,b" }, "REDIS_CLUSTER_NODES: expected host:port with commas between"],
    [
      { REDIS_CLUSTER_NODES: "a", REDIS_DB: "1" },
      "REDIS_DB: a Redis Cluster has no database but 0 (found 1)",
    ],
    [{ REDIS_TLS_SERVER_NAME: "a" }, "REDIS_TLS_… are of no use without REDIS_TLS=true"],
    [
      { REDIS_TLS: "true", REDIS_TLS_CERT_FILE: "$/password" },
      "REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE go together; set both",
    ],
    [{ REDIS_TLS: "true", REDIS_TLS_CA_FILE: "$/none" }, "REDIS_TLS_CA_FILE: cannot be read: ENOENT"],
    [{ REDIS_TLS: "true", REDIS_TLS_CA_FILE: "$/password" }, "REDIS_TLS_CA_FILE: cannot be used: "],
  ])("%j", (variables, message) => {
    const reading = () => read({ REDIS_USERNAME: "", ...variables });
    expect(reading).toThrow(ConfigurationError);
    expect(reading).toThrow(`environment: ${message}`);
    expect(reading).not.toThrow(/secret/);
  });

  test("a certificate with another's key", async () => {
    const other = await authority.issue("other");
    expect(() =>
      redisAddressFrom({ REDIS_TLS: "true", REDIS_TLS_CERT_FILE: pair.cert, REDIS_TLS_KEY_FILE: other.key }),
    ).toThrow("environment: REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE: cannot be used: ");
  });
});

test.each([
  ["REDIS_URL", true],
  ["REDIS_PASSWORD_FILE", true],
  ["REDIS_TLS_KEY_FILE", true],
  ["REDIS_SENTINEL_PASSWORD", true],
  ["REDIS_HOST", false],
  ["REDIS_OUTPUT_KEY", false],
])("%s is a secret: %j", (name, secret) => {
  expect(SECRET_VARIABLES.test(name)).toBe(secret);
});
