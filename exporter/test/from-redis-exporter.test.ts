import { readFileSync } from "node:fs";
import { startRedis } from "@gaugelet/testing/redis-server";
import { expect, test } from "vitest";
import { linesOf } from "./support/exposition.ts";
import { startTestExporter } from "./support/test-exporter.ts";

const page = readFileSync(new URL("../../docs/reference/exporter.md", import.meta.url), "utf8");
const section = page.split(/^## /m).find((text) => text.startsWith("From redis_exporter")) ?? "";

/** Blocks of the section in this language, without their fences. */
const blocks = (language: string): string[] =>
  [...section.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, name, text]) =>
    name === language ? [text ?? ""] : [],
  );

test("what the page says of keys that redis_exporter exports", async () => {
  const [key = "", value = ""] = /A key `(.+?)` with the value `(.+?)`/.exec(section)?.slice(1) ?? [];
  const [yaml = ""] = blocks("yaml");
  const [theirs = "", ours = ""] = blocks("");
  expect(theirs).toContain(`redis_key_size{db="db0",key="${key}"} ${value.length}\n`);
  const redis = await startRedis();
  const exporter = await startTestExporter({ redis, yaml });
  try {
    await redis.client.set(key, value);
    await redis.client.set("queue:number", "42");
    await redis.client.lpush("queue:list", "1");
    const scraped = await exporter.scrape();
    expect(linesOf(scraped, "shop_queue_length")).toEqual([ours.trim()]);
    for (const reason of ["not_object", "wrong_type"]) {
      expect(section).toContain(`dropped as \`${reason}\``);
      expect(scraped).toContain(`gaugelet_exporter_dropped_total{reason="${reason}"} 1\n`);
    }
    const target = encodeURIComponent(`redis://127.0.0.1:${redis.port}`);
    const probed = await exporter.get(`/probe?target=${target}&key=queue:*`);
    expect(linesOf(probed.text, "shop_queue_length")).toEqual([ours.trim()]);
  } finally {
    await exporter.stop();
    await redis.stop();
  }
});
