import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CertificateFiles, createAuthority, type TestAuthority } from "@gaugelet/testing/certificates";
import { freePort } from "@gaugelet/testing/ports";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import type { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { connectCluster, connectRedis } from "../src/redis/connection.ts";
import { redisAddressFrom } from "../src/redis/environment.ts";
import { KeyChanges } from "../src/redis/key-changes.ts";

let authority: TestAuthority;
let client: CertificateFiles;
/** Of the certificates of the two servers, one is for 127.0.0.1, the other for redis.example. */
let here: { redis: TestRedis; port: number };
let named: { redis: TestRedis; port: number };

async function startTls(certificate: CertificateFiles, clients: string) {
  const port = await freePort();
  const redis = await startRedis([
    "--tls-port",
    String(port),
    "--tls-cert-file",
    certificate.cert,
    "--tls-key-file",
    certificate.key,
    "--tls-ca-cert-file",
    authority.ca,
    "--tls-auth-clients",
    clients,
  ]);
  return { redis, port };
}

beforeAll(async () => {
  authority = await createAuthority();
  client = await authority.issue("client");
  here = await startTls(await authority.issue("here"), "yes");
  named = await startTls(await authority.issue("named", "DNS:redis.example"), "no");
});
afterAll(async () => {
  await here.redis.stop();
  await named.redis.stop();
  await authority.remove();
});

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

function connect(port: number, more: Record<string, string> = {}) {
  const address = redisAddressFrom({ REDIS_PORT: String(port), REDIS_TLS: "true", ...more });
  const states: string[] = [];
  const redis = connectRedis(address, {
    onUp: () => states.push("up"),
    onDown: (reason) => states.push(reason),
  });
  closing.push(() => redis.disconnect());
  return { redis, states, address };
}

const ours = () => ({
  REDIS_TLS_CA_FILE: authority.ca,
  REDIS_TLS_CERT_FILE: client.cert,
  REDIS_TLS_KEY_FILE: client.key,
});

test("with the authority and a certificate of its own it is up, and changes are pushed", async () => {
  const { redis, states, address } = connect(here.port, ours());
  await waitFor("it is up", () => states.length > 0);
  expect(states).toEqual(["up"]);
  const heard: string[] = [];
  const changes = new KeyChanges(address, ["k"], () => {});
  closing.push(() => changes.stop());
  changes.listen({ onChanged: (keys) => heard.push(...keys), onUnknown: () => {} });
  await waitFor("changes are pushed", () => changes.pushing);
  await redis.set("k1", "1");
  await waitFor("k1 is heard of", () => heard.includes("k1"));
  const list = String(await here.redis.client.client("LIST"));
  expect(list.match(new RegExp(`laddr=127.0.0.1:${here.port}`, "g"))).toHaveLength(3);
});

test("by a URL too, and with a name that the certificate has", async () => {
  const address = redisAddressFrom({
    REDIS_URL: `rediss://127.0.0.1:${named.port}/3`,
    REDIS_TLS_CA_FILE: authority.ca,
    REDIS_TLS_SERVER_NAME: "redis.example",
  });
  const redis = connectRedis(address);
  closing.push(() => redis.disconnect());
  await waitFor("it is up", () => redis.status === "ready");
  await redis.set("k", "by URL");
  await named.redis.client.select(3);
  expect(await named.redis.client.get("k")).toBe("by URL");
});

test("from Sentinels that speak it too", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-sentinel-tls-"));
  const port = await freePort();
  const file = join(folder, "sentinel.conf");
  const lines = [
    "port 0",
    `tls-port ${port}`,
    "tls-replication yes",
    `tls-cert-file ${client.cert}`,
    `tls-key-file ${client.key}`,
    `tls-ca-cert-file ${authority.ca}`,
    "bind 127.0.0.1",
    `dir ${folder}`,
    `sentinel monitor gauges 127.0.0.1 ${here.port} 1`,
  ];
  await writeFile(file, lines.join("\n"));
  const sentinel = spawn("redis-server", [file, "--sentinel"], { stdio: "ignore" });
  try {
    const redis = connectRedis(
      redisAddressFrom({
        REDIS_SENTINELS: `127.0.0.1:${port}`,
        REDIS_SENTINEL_NAME: "gauges",
        REDIS_TLS: "true",
        ...ours(),
      }),
    );
    closing.push(() => redis.disconnect());
    await waitFor("it is up", () => redis.status === "ready");
    await redis.set("k", "by Sentinel");
    expect(await here.redis.client.get("k")).toBe("by Sentinel");
  } finally {
    const ended = once(sentinel, "exit");
    sentinel.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true });
  }
});

test("a connection that is made again has the certificates that the files hold then", async () => {
  const others = await createAuthority();
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-renewed-"));
  const [caFile, certFile, keyFile] = ["ca", "cert", "key"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const theirs = await others.issue("client");
  const write = async (ca: string, { cert, key }: CertificateFiles): Promise<void> => {
    await copyFile(cert, certFile);
    await copyFile(key, keyFile);
    await copyFile(ca, caFile);
  };
  try {
    await write(authority.ca, client);
    const { redis, states } = connect(here.port, {
      REDIS_TLS_CA_FILE: caFile,
      REDIS_TLS_CERT_FILE: certFile,
      REDIS_TLS_KEY_FILE: keyFile,
    });
    await waitFor("it is up", () => states.at(-1) === "up");
    await write(others.ca, theirs);
    await redis.ping();
    redis.disconnect(true);
    await waitFor("it is refused", () => /nobody we know vouches/.test(states.at(-1) ?? ""));
    await write(authority.ca, client);
    await waitFor("it is up again", () => states.at(-1) === "up");
    // A certificate without its key yet: the ones of before go on.
    await copyFile(theirs.cert, certFile);
    redis.disconnect(true);
    await waitFor("it is down", () => redis.status !== "ready");
    await waitFor("it is up with the ones of before", () => redis.status === "ready");
  } finally {
    await others.remove();
    await rm(folder, { recursive: true });
  }
});

test.each<[string, () => [number, Record<string, string>], RegExp]>([
  [
    "an authority that is not known",
    () => [named.port, { REDIS_TLS_SERVER_NAME: "redis.example" }],
    /certificate.*: nobody we know vouches for its certificate; set REDIS_TLS_CA_FILE$/,
  ],
  [
    "a certificate for another name",
    () => [named.port, { REDIS_TLS_CA_FILE: authority.ca }],
    /altnames.*: its certificate is for another name; set REDIS_TLS_SERVER_NAME$/,
  ],
  [
    "a server that asks for a certificate",
    () => [here.port, { REDIS_TLS_CA_FILE: authority.ca }],
    /: it wants another certificate of us; set REDIS_TLS_CERT_FILE and REDIS_TLS_KEY_FILE$/,
  ],
  [
    "a port where no TLS is spoken, and nobody answers,",
    () => [here.redis.port, ours()],
    /^connect ETIMEDOUT: no answer; .* REDIS_TLS where it speaks no TLS$/,
  ],
])("%s is told once, with what to do", async (_, setup, reason) => {
  const [port, variables] = setup();
  const { redis, states } = connect(port, variables);
  await waitFor("the reason", () => states.some((state) => reason.test(state)));
  const told = states.length;
  let attempts = 0;
  redis.on("reconnecting", () => {
    attempts += 1;
  });
  await waitFor("another attempt", () => attempts >= 2);
  expect(states).toHaveLength(told);
  expect(told).toBeLessThanOrEqual(2);
});

test("a second error of a connection, as a server's alert behind a refused certificate, is nobody's end", async () => {
  const redis = connectRedis(
    redisAddressFrom({ REDIS_HOST: "127.0.0.1", REDIS_PORT: String(named.port), REDIS_TLS: "true" }),
    {},
    { retryStrategy: () => null },
  );
  closing.push(() => redis.disconnect());
  // Before it is connected: nobody vouches for the certificate.
  await waitFor("the connection to be tried", () => redis.stream?.connecting === true);
  await new Promise((resolve) => setImmediate(resolve));
  for (const reason of ["unknown authority", "decode error"]) redis.stream.emit("error", new Error(reason));
  await waitFor("its end", () => redis.status === "end");
});

test("nor is one of a connection to a node of a cluster", async () => {
  const cluster = connectCluster(
    redisAddressFrom({ REDIS_CLUSTER_NODES: `127.0.0.1:${named.port}`, REDIS_TLS: "true" }),
  );
  closing.push(() => cluster.disconnect());
  const node = await new Promise<Redis>((resolve) => cluster.once("+node", resolve));
  const ended = new Promise((resolve) => node.once("end", resolve));
  // Its own first connection, which the certificate's refusal ends.
  if (node.status === "wait") await node.connect().catch(() => {});
  for (const reason of ["unknown authority", "decode error"]) node.stream.emit("error", new Error(reason));
  await ended;
});
