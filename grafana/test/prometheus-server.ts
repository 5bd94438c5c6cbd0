import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@gaugelet/testing/ports";
import { waitFor } from "@gaugelet/testing/wait";

const shipped = join(import.meta.dirname, "../../prometheus");

/** A real Prometheus of a test's own. */
export interface TestPrometheus {
  /** How many series an expression gives now. */
  countSeries(expression: string): Promise<number>;
  /** The values of a label over the series that a selector matches. */
  labelValues(label: string, selector: string): Promise<string[]>;
  stop(): Promise<void>;
}

/**
 * Start Prometheus with the configuration and the rules that we ship, only faster, and with another exporter.
 *
 * @param exporter host and port to scrape.
 */
export async function startPrometheus(exporter: string): Promise<TestPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), "gaugelet-prometheus-"));
  const configuration = (await readFile(join(shipped, "prometheus.yml"), "utf8"))
    .replaceAll(/(scrape|evaluation)_interval: \w+/g, "$1_interval: 1s")
    .replaceAll(/scrape_timeout: \w+/g, "scrape_timeout: 1s")
    .replaceAll("rules/*.yml", join(shipped, "rules/*.yml"))
    .replaceAll("exporter:9420", exporter);
  await writeFile(join(folder, "prometheus.yml"), configuration);

  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  const options = [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const server: ChildProcess = spawn("prometheus", options, { stdio: "ignore" });
  await once(server, "spawn");

  const get = async (path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> => {
    const response = await fetch(`${base}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`);
    const answer = (await response.json()) as { data?: unknown; error?: string };
    if (answer.error !== undefined) throw new Error(`${JSON.stringify(parameters)}: ${answer.error}`);
    return answer.data;
  };
  await waitFor("Prometheus is ready", async () => (await fetch(`${base}/-/ready`)).ok);
  return {
    async countSeries(expression) {
      const data = (await get("query", { query: expression })) as { result: unknown[] };
      return data.result.length;
    },
    async labelValues(label, selector) {
      return (await get(`label/${label}/values`, { "match[]": selector })) as string[];
    },
    async stop() {
      if (server.exitCode === null) {
        const exit = once(server, "exit");
        server.kill("SIGKILL");
        await exit;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
