import { parse } from "node:querystring";
import type { Request, RequestHandler } from "express";
import type { Exporter } from "../exporter.ts";
import type { Family } from "../exposition/family.ts";
import { type Dialect, familyHeader, samplePrefix } from "../exposition/text.ts";
import { ProbeRequestError, readProbeRequest } from "../probe/probe-request.ts";
import { sendExposition, timeoutOf } from "./reply.ts";

const gauge = (name: string, help: string): Family => ({ name, type: "gauge", help, unit: undefined });

const SUCCESS = gauge(
  "gaugelet_exporter_probe_success",
  "1 where the target answered this probe, and the one document or key that was asked for is exported, else 0.",
);
const DURATION = gauge(
  "gaugelet_exporter_probe_duration_seconds",
  "Time to ask the target and write the answer.",
);

/** `/probe`: a Redis or a document that the request names. */
export function probeRoute(exporter: Exporter): RequestHandler {
  return async (request, response) => {
    const start = performance.now();
    try {
      const probe = readProbeRequest(queryOf(request), exporter.configuration.targets);
      if (probe.debug) {
        response.type("text").send(await exporter.probes.explain(probe, timeoutOf(request)));
        return;
      }
      const target = exporter.probes.get(probe);
      const away = await target.refresh(timeoutOf(request));
      await sendExposition(request, response, {
        target: away === undefined ? target : undefined,
        tail: (dialect) =>
          [
            sample(DURATION, dialect, (performance.now() - start) / 1000),
            sample(SUCCESS, dialect, away === undefined && target.isFulfilled ? 1 : 0),
          ].join(dialect.format === "text" ? "\n" : ""),
      });
    } catch (error) {
      if (!(error instanceof ProbeRequestError)) throw error;
      response.status(400).type("text").send(`${error.message}\n`);
    }
  };
}

function queryOf(request: Request): ReturnType<typeof parse> {
  const start = request.originalUrl.indexOf("?");
  return start === -1 ? {} : parse(request.originalUrl.slice(start + 1));
}

function sample(family: Family, dialect: Dialect, value: number): string {
  return `${familyHeader(family, dialect)}${samplePrefix(family.name, [], dialect.scheme)}${value}\n`;
}
