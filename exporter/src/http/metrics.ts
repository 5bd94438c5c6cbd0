import type { RequestHandler } from "express";
import type { Exporter } from "../exporter.ts";
import { sendExposition, timeoutOf } from "./reply.ts";

/** `/metrics`: the outputs in our Redis, and the exporter's own metrics. Always answers, whatever Redis does. */
export function metricsRoute(exporter: Exporter): RequestHandler {
  return async (request, response) => {
    const start = performance.now();
    const { own, target } = exporter;
    const away = await target.refresh(timeoutOf(request));
    own.redisIsUp(away === undefined);
    await sendExposition(request, response, {
      target: away === undefined ? target : undefined,
      tail: ({ format }) => own.render(format),
    });
    own.observeScrape((performance.now() - start) / 1000, traceIdOf(request.get("traceparent")));
  };
}

/** The trace that a scrape is part of, where the scraper says one. Source: https://www.w3.org/TR/trace-context/ */
function traceIdOf(traceparent: string | undefined): string | undefined {
  return /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-/.exec(traceparent ?? "")?.[1];
}
