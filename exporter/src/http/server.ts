import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from "express";
import type { Logger } from "pino";
import type { Exporter } from "../exporter.ts";
import type { Reloader } from "../reloader.ts";
import { createWebServer } from "../web/web-server.ts";
import { healthRoutes, redisProblem } from "./health.ts";
import { landingPage } from "./landing-page.ts";
import { only } from "./methods.ts";
import { metricsRoute } from "./metrics.ts";
import { probeRoute } from "./probe.ts";

/** How long requests may take to finish once the server stops, in milliseconds. */
const STOP_WITHIN_MS = 5_000;

/** What the pages are about. */
export interface Served {
  readonly exporter: Exporter;
  readonly reloader: Reloader;
  readonly logger: Logger;
}

/** Where and how it is served. */
export interface ServeOptions {
  readonly address: string;
  readonly port: number;
  /** TLS, users and the like; undefined: plain HTTP for everybody. */
  readonly webConfigurationFile?: string | undefined;
}

/**
 * Serve the metrics over HTTP.
 *
 * @throws ConfigurationError where the address or port cannot be had, or the web configuration is wrong.
 */
export async function serve(
  { address, port, webConfigurationFile }: ServeOptions,
  served: Served,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const { logger, reloader } = served;
  const { server, reload } = await createWebServer(webConfigurationFile, routes(served), logger, {
    // All or nothing, and counted, whichever file it is that changed.
    onChange: () => reloader.reload(),
  });
  reloader.also(reload);
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

function routes({ exporter, reloader, logger }: Served): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", false);

  app.route("/metrics").get(metricsRoute(exporter)).all(only("GET", "HEAD"));
  app.route("/probe").get(probeRoute(exporter)).all(only("GET", "HEAD"));
  app.use(healthRoutes(exporter));
  app.route("/-/reload").post(reloadRoute(reloader)).all(only("POST"));
  app.route("/").get(landingRoute(exporter, reloader)).all(only("GET", "HEAD"));
  app.use((_, response) => {
    response.status(404).type("text").send("not found; see /metrics, /probe, /-/healthy, /-/ready and /\n");
  });
  const onError: ErrorRequestHandler = (error: Error, request, response, _next) => {
    logger.error({ path: request.path, error: error.stack }, "a request failed");
    response.status(500).type("text").send("internal error; the exporter's log has the cause\n");
  };
  app.use(onError);
  return app;
}

function reloadRoute(reloader: Reloader): RequestHandler {
  return async (_, response) => {
    const problem = await reloader.reload();
    if (problem === undefined) response.type("text").send("ok\n");
    else response.status(500).type("text").send(`the configuration before stays in force: ${problem}\n`);
  };
}

function landingRoute(exporter: Exporter, reloader: Reloader): RequestHandler {
  return async (_, response) => {
    const page = landingPage(exporter, {
      redis: await redisProblem(exporter),
      configuration: reloader.problem,
    });
    response.type("html").send(page);
  };
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
