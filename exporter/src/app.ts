import { FilesRead } from "@gaugelet/shared/file-watch";
import type { RedisAddress } from "@gaugelet/shared/redis/address";
import type { Logger } from "pino";
import type { OutputSource } from "./configuration.ts";
import { Exporter, loadConfiguration } from "./exporter.ts";
import { serve } from "./http/server.ts";
import { Reloader } from "./reloader.ts";

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
  /** Read the configuration file again; one that is wrong changes nothing. */
  reload(): Promise<void>;
  /** Finish the requests at hand and let go of everything. */
  stop(): Promise<void>;
}

/**
 * Start an exporter. Redis need not be there yet.
 *
 * @throws ConfigurationError where the configuration is wrong or the port cannot be had.
 */
export async function startExporter(options: ExporterOptions): Promise<RunningExporter> {
  const { configurationFile, logger } = options;
  const read = new FilesRead();
  const configuration = await loadConfiguration(configurationFile, read);

  const teardown: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (let step = teardown.pop(); step !== undefined; step = teardown.pop()) await step();
  };
  try {
    const exporter = new Exporter(options, configuration);
    teardown.push(() => exporter.close());
    const reloader = new Reloader(exporter, configurationFile, read, logger);
    teardown.push(() => reloader.close());
    const server = await serve(options, { exporter, reloader, logger });
    teardown.push(() => server.stop());
    logger.info({ address: options.address, port: server.port }, "listening");
    return {
      port: server.port,
      async reload() {
        await reloader.reload();
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
