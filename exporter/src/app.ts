import type { RedisAddress } from "@gaugelet/shared/redis/address";
import type { Logger } from "pino";
import { Collector } from "./collector.ts";
import { type OutputSource, readConfiguration } from "./configuration.ts";
import { serve } from "./http/server.ts";
import { loadRules } from "./mapping/rules.ts";
import { RedisLink } from "./redis-link.ts";

export interface ExporterOptions {
  readonly redis: RedisAddress;
  /** Address to listen on, such as 127.0.0.1. */
  readonly address: string;
  /** Port to listen on; 0: any that is free. */
  readonly port: number;
  /** A YAML file. */
  readonly configurationFile: string | undefined;
  /** A YAML file in the format of Prometheus' exporter-toolkit. */
  readonly webConfigurationFile?: string | undefined;
  /** Outputs beside those of the configuration file. */
  readonly outputs: readonly OutputSource[];
  readonly logger: Logger;
}

export interface RunningExporter {
  readonly port: number;
  /** Finish the requests at hand and let go of everything. */
  stop(): Promise<void>;
}

/**
 * Start an exporter. Redis need not be there yet.
 *
 * @throws ConfigurationError where the configuration is wrong or the port cannot be had.
 */
export async function startExporter(options: ExporterOptions): Promise<RunningExporter> {
  const file = options.configurationFile;
  const configuration = file === undefined ? undefined : { file, ...(await readConfiguration(file)) };
  const sources = [...(configuration?.outputs ?? []), ...options.outputs];
  const rules = await loadRules(configuration);

  const teardown: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (let step = teardown.pop(); step !== undefined; step = teardown.pop()) await step();
  };
  try {
    const link = new RedisLink(options.redis, options.logger);
    teardown.push(() => link.close());
    const collector = new Collector(link, sources, rules, options.logger);
    const server = await serve(
      options.address,
      options.port,
      options.webConfigurationFile,
      collector,
      link,
      options.logger,
    );
    teardown.push(() => server.stop());
    options.logger.info({ address: options.address, port: server.port }, "listening");
    return { port: server.port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
