import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";
import { startRedis, type TestRedis } from "@gaugelet/testing/redis-server";
import { expect, onTestFinished, test } from "vitest";
import { checkPorts, waitForFreePorts } from "../src/ports.ts";
import { freshSettings } from "./support.ts";

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
}

async function redisWith(...options: string[]): Promise<TestRedis> {
  const redis = await startRedis(options);
  onTestFinished(() => redis.stop());
  return redis;
}

test("free ports are fine", async () => {
  expect(await checkPorts(await freshSettings())).toEqual({ redisIsThere: false });
});

test("every busy port is named at once, with its variable and who holds it", async () => {
  const settings = await freshSettings();
  await listen(createTcpServer(), settings.ports.prometheus);
  await listen(createTcpServer(), settings.ports.grafana);
  await expect(checkPorts(settings)).rejects.toThrow(
    [
      `port ${settings.ports.prometheus} (Prometheus) is in use by node (process ${process.pid}); end that program, or choose another port with GAUGELET_PROMETHEUS_PORT`,
      `port ${settings.ports.grafana} (Grafana) is in use by node (process ${process.pid}); end that program, or choose another port with GAUGELET_GRAFANA_PORT`,
    ].join("\n"),
  );
});

test("a port that is in use on all addresses is busy", async () => {
  const settings = await freshSettings();
  const server = createTcpServer().listen(settings.ports.exporter, "0.0.0.0");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  await expect(checkPorts(settings)).rejects.toThrow("GAUGELET_EXPORTER_PORT");
});

test("a Redis that answers is used", async () => {
  const redis = await redisWith();
  const settings = await freshSettings({ GAUGELET_REDIS_PORT: String(redis.port) });
  expect(await checkPorts(settings)).toEqual({ redisIsThere: true });
});

test("a Redis without passwords is used where a password is set", async () => {
  const redis = await redisWith();
  const settings = await freshSettings({
    GAUGELET_REDIS_PORT: String(redis.port),
    REDIS_PASSWORD: "secret",
  });
  expect(await checkPorts(settings)).toEqual({ redisIsThere: true });
});

test("a Redis that wants a password is used with the right one, and explained without", async () => {
  const redis = await redisWith("--requirepass", "secret word");
  const base = { GAUGELET_REDIS_PORT: String(redis.port) };
  const right = await freshSettings({ ...base, REDIS_PASSWORD: "secret word" });
  expect(await checkPorts(right)).toEqual({ redisIsThere: true });
  await expect(checkPorts(await freshSettings(base))).rejects.toThrow(
    `the Redis on port ${redis.port} asks for a password; set REDIS_PASSWORD, or choose another port with GAUGELET_REDIS_PORT`,
  );
  await expect(checkPorts(await freshSettings({ ...base, REDIS_PASSWORD: "wrong" }))).rejects.toThrow(
    /WRONGPASS.*check REDIS_USERNAME and REDIS_PASSWORD/,
  );
});

test.each([
  ["an HTTP server", () => createServer((_, response) => response.end("+PONG"))],
  ["a server that says nothing", () => createTcpServer()],
  ["a server that hangs up", () => createTcpServer((socket) => socket.destroy())],
  ["a server that speaks first", () => createTcpServer((socket) => socket.end("220 mail.example.org\r\n"))],
])("%s on the port of Redis is no Redis", async (_, make) => {
  const settings = await freshSettings();
  await listen(make(), settings.ports.redis);
  await expect(checkPorts(settings)).rejects.toThrow(
    `port ${settings.ports.redis} (Redis) is in use by node (process ${process.pid})`,
  );
});

test("parts that are still ending are waited for", async () => {
  const settings = await freshSettings();
  const server = createTcpServer();
  await listen(server, settings.ports.runtime);
  const wait = waitForFreePorts(settings, AbortSignal.timeout(30_000));
  server.close();
  await wait;
  expect(await checkPorts(settings)).toEqual({ redisIsThere: false });
});
