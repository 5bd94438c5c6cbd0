import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRedis } from "@gaugelet/testing/redis-server";
import { waitFor } from "@gaugelet/testing/wait";
import { pino } from "pino";
import type { ApiDocument } from "../../src/api/reference/document.ts";
import { startRuntime } from "../../src/app.ts";
import { readConfiguration } from "../../src/configuration/environment.ts";
import { PYTHON } from "../integration/harness.ts";

/** The OpenAPI document of a real runtime, which has all routes that there are. */
export async function fetchApiDocument(): Promise<ApiDocument> {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-document-"));
  const redis = await startRedis();
  try {
    await writeFile(join(folder, "gaugelet.yaml"), "functions: []\n");
    const configuration = await readConfiguration({
      GAUGELET_CONFIG: join(folder, "gaugelet.yaml"),
      REDIS_PORT: String(redis.port),
      GAUGELET_PYTHON: PYTHON,
      GAUGELET_STATE_DIR: join(folder, "state"),
      GAUGELET_MANAGEMENT_PORT: "0",
      GAUGELET_RUNTIME_PORT: "0",
    });
    const runtime = await startRuntime(configuration, pino({ level: "silent" }));
    const url = `http://127.0.0.1:${runtime.ports.status}/api/v1/openapi.json`;
    try {
      const response = await waitFor(
        "the API",
        async () => {
          const answer = await fetch(url);
          return answer.ok ? answer : undefined;
        },
        55,
      );
      return (await response.json()) as ApiDocument;
    } finally {
      await runtime.stop();
    }
  } finally {
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
