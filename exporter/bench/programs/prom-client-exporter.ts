// What many exporters are: express and prom-client, and at each scrape all of Redis read and every gauge set.
// It is told REDIS_PORT and OUTPUTS, and prints its port.
import type { AddressInfo } from "node:net";
import express from "express";
import { Redis } from "ioredis";
import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { FAMILIES, keyOf } from "../data.ts";

const redis = new Redis({ port: Number(process.env.REDIS_PORT), host: "127.0.0.1" });
const keys = Array.from({ length: Number(process.env.OUTPUTS) }, (_, index) => keyOf(index));
const registry = new Registry();
collectDefaultMetrics({ register: registry });
const gauges = new Map(
  Array.from({ length: FAMILIES }, (_, index) => {
    const family = `family${index}`;
    const labelNames = ["function", "item"];
    return [
      family,
      new Gauge({ name: `bench_${family}`, help: "A gauge.", labelNames, registers: [registry] }),
    ];
  }),
);

const app = express();
app.disable("x-powered-by");
app.disable("etag");
app.get("/metrics", async (_, response) => {
  const texts = await redis.mget(keys);
  for (const [index, text] of texts.entries()) {
    const output = JSON.parse(text ?? "{}") as Record<string, Record<string, number>>;
    for (const [family, items] of Object.entries(output)) {
      const gauge = gauges.get(family);
      for (const [item, value] of Object.entries(items)) gauge?.set({ function: keys[index], item }, value);
    }
  }
  response.set("Content-Type", registry.contentType).send(await registry.metrics());
});
const server = app.listen(0, "127.0.0.1", () => {
  console.log(`"port":${(server.address() as AddressInfo).port},"msg":"listening"`);
});
