import { type RequestHandler, Router } from "express";
import type { Exporter } from "../exporter.ts";
import { only } from "./methods.ts";

/** Why Redis is away; undefined where it answers. */
export function redisProblem({ link }: Exporter): Promise<string | undefined> {
  return link
    .ask((redis) => redis.ping())
    .then(
      () => undefined,
      (error: Error) => error.message,
    );
}

/** Whether the process lives, and whether Redis answers: under Prometheus' names and Kubernetes' ones. */
export function healthRoutes(exporter: Exporter): Router {
  const healthy: RequestHandler = (_, response) => void response.type("text").send("ok\n");
  const ready: RequestHandler = async (_, response) => {
    const problem = await redisProblem(exporter);
    if (problem === undefined) response.type("text").send("ok\n");
    else response.status(503).type("text").send(`Redis does not answer: ${problem}\n`);
  };
  const routes = Router();
  for (const path of ["/healthz", "/-/healthy"]) routes.route(path).get(healthy).all(only("GET", "HEAD"));
  for (const path of ["/readyz", "/-/ready"]) routes.route(path).get(ready).all(only("GET", "HEAD"));
  return routes;
}
