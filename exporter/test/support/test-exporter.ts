import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { RedisAddress } from "@gaugelet/shared/redis/address";
import { pino } from "pino";
import { startExporter } from "../../src/app.ts";
import { readEnvironment } from "../../src/environment.ts";

/** An exporter under test, on a free port. */
export interface TestExporter {
  readonly port: number;
  /** Lines of the log, parsed. */
  readonly log: { readonly level: number; readonly msg: string; readonly [field: string]: unknown }[];
  /** GET a path; as long as Prometheus waits for a scrape. */
  get(
    path: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly type: string; readonly text: string }>;
  /** Replace the configuration file. */
  configure(yaml: string): Promise<void>;
  /** GET /metrics, which has to succeed. */
  scrape(): Promise<string>;
  stop(): Promise<void>;
}

export interface TestExporterOptions {
  readonly redis: Partial<RedisAddress> & { readonly port: number };
  /** Text of the configuration file. */
  readonly yaml?: string;
  /** GAUGELET_EXPORTER_KEYS. */
  readonly keys?: string;
}

export async function startTestExporter({ redis, yaml, keys }: TestExporterOptions): Promise<TestExporter> {
  const log: TestExporter["log"] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log.push(JSON.parse(chunk.toString()));
      done();
    },
  });
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-exporter-"));
  const configurationFile = yaml === undefined ? undefined : join(folder, "exporter.yaml");
  if (configurationFile !== undefined) await writeFile(configurationFile, yaml ?? "");
  try {
    const exporter = await startExporter({
      redis: { host: "127.0.0.1", username: undefined, password: undefined, db: 0, ...redis },
      address: "127.0.0.1",
      port: 0,
      configurationFile,
      outputs: readEnvironment({ GAUGELET_EXPORTER_KEYS: keys ?? "" }).outputs,
      logger: pino({ level: "debug" }, sink),
    });
    const get: TestExporter["get"] = async (path, headers = {}) => {
      const response = await fetch(`http://127.0.0.1:${exporter.port}${path}`, {
        headers,
        signal: AbortSignal.timeout(10_000),
      });
      return {
        status: response.status,
        type: response.headers.get("content-type") ?? "",
        text: await response.text(),
      };
    };
    return {
      port: exporter.port,
      log,
      get,
      async scrape() {
        const { status, text } = await get("/metrics");
        if (status !== 200) throw new Error(`/metrics answered ${status}: ${text}`);
        return text;
      },
      async configure(text) {
        if (configurationFile === undefined) throw new Error("it was started without a configuration file");
        await writeFile(configurationFile, text);
      },
      async stop() {
        await exporter.stop();
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
