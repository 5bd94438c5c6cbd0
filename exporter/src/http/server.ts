import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import express, { type ErrorRequestHandler, type Express } from "express";
import type { Logger } from "pino";
import { Registry } from "prom-client";
import type { Collector } from "../collector.ts";
import type { RedisLink } from "../redis-link.ts";
import { createWebServer } from "../web/web-server.ts";
import { landingPage } from "./landing-page.ts";

/** How long requests may take to finish once the server stops, in milliseconds. */
const STOP_WITHIN_MS = 5_000;

/**
 * Serve the metrics over HTTP.
 *
 * @param webConfigurationFile TLS, users and the like; undefined: plain HTTP for everybody.
 * @throws ConfigurationError where the address or port cannot be had, or the web configuration is wrong.
 */
export async function serve(
  address: string,
  port: number,
  webConfigurationFile: string | undefined,
  collector: Collector,
  link: RedisLink,
  logger: Logger,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const { server } = await createWebServer(webConfigurationFile, routes(collector, link, logger), logger);
  await listen(server, address, port);
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = once(server, "close");
      server.close();
      const timer = setTimeout(() => server.closeAllConnections(), STOP_WITHIN_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}

function routes(collector: Collector, link: RedisLink, logger: Logger): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  /** Why Redis is away; undefined where it answers. */
  const redisProblem = (): Promise<string | undefined> =>
    link
      .ask((redis) => redis.ping())
      .then(
        () => undefined,
        (error: Error) => error.message,
      );

  app.get("/metrics", async (_, response) => {
    const text = await collector.scrape();
    response.set("Content-Type", Registry.PROMETHEUS_CONTENT_TYPE).send(text);
  });
  app.get("/healthz", (_, response) => void response.type("text").send("ok\n"));
  app.get("/readyz", async (_, response) => {
    const problem = await redisProblem();
    if (problem === undefined) response.type("text").send("ok\n");
    else response.status(503).type("text").send(`Redis does not answer: ${problem}\n`);
  });
  app.get("/", async (_, response) => {
    response.type("html").send(landingPage(collector.exported, await redisProblem()));
  });
  app.use((_, response) => {
    response.status(404).type("text").send("not found; see /metrics, /healthz, /readyz and /\n");
  });
  const onError: ErrorRequestHandler = (error: Error, request, response, _next) => {
    logger.error({ path: request.path, error: error.stack }, "a request failed");
    response.status(500).type("text").send("internal error; the exporter's log has the cause\n");
  };
  app.use(onError);
  return app;
}

async function listen(server: Server, address: string, port: number): Promise<void> {
  try {
    server.listen(port, address);
    await once(server, "listening");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what =
      code === "EADDRINUSE"
        ? `another program listens on port ${port} of ${address}; stop it or set GAUGELET_EXPORTER_PORT`
        : code === "EACCES"
          ? `listening on port ${port} is not allowed; set GAUGELET_EXPORTER_PORT to 1024 or above`
          : code === "EADDRNOTAVAIL" || code === "ENOTFOUND"
            ? `${address} is no address of this machine; check GAUGELET_EXPORTER_ADDRESS`
            : `listening on ${address}, port ${port} failed: ${message}`;
    throw new ConfigurationError(what, { cause: error });
  }
}
