import { FilesRead } from "@gaugelet/shared/file-watch";
import type { RedisAddress } from "@gaugelet/shared/redis/address";
import type { Logger } from "pino";
import {
  type ExporterConfiguration,
  NO_CONFIGURATION,
  type OutputSource,
  readConfiguration,
} from "./configuration.ts";
import { OutputStore } from "./exposition/output-store.ts";
import { OwnMetrics } from "./exposition/own-metrics.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { loadRules, type Rule } from "./mapping/rules.ts";
import { DEFAULT_MODULE } from "./probe/probe-request.ts";
import { type Module, ProbeTargets } from "./probe/probe-targets.ts";
import { RedisLink } from "./sources/redis/redis-link.ts";
import { RedisSource } from "./sources/redis/redis-source.ts";
import { Target } from "./target.ts";

/** A configuration that was read and checked. */
export interface LoadedConfiguration extends ExporterConfiguration {
  /** The rules of /metrics, in the order in which they are tried. */
  readonly compiled: readonly Rule[];
  /** By name: what a probe can ask for. */
  readonly loaded: ReadonlyMap<string, Module>;
}

/**
 * Read and check a configuration as a whole.
 *
 * @param read gets the file.
 * @throws ConfigurationError where something is wrong with it.
 */
export async function loadConfiguration(
  file: string | undefined,
  read: FilesRead = new FilesRead(),
): Promise<LoadedConfiguration> {
  if (file !== undefined) await read.add(file);
  const configuration = file === undefined ? NO_CONFIGURATION : await readConfiguration(file);
  const where = file ?? "configuration";
  const compiled = await loadRules({ file: where, ...configuration });
  const loaded = new Map<string, Module>([
    [DEFAULT_MODULE, { rules: compiled, http: { method: "GET", headers: {}, body: undefined } }],
  ]);
  for (const [name, { rules, defaultRules, http }] of configuration.modules) {
    const path = `modules.${name}.rules`;
    loaded.set(name, { rules: await loadRules({ file: where, path, rules, defaultRules }), http });
  }
  return { ...configuration, compiled, loaded };
}

export interface ExporterCoreOptions {
  readonly redis: RedisAddress;
  /** Outputs beside those of the configuration. */
  readonly outputs: readonly OutputSource[];
  readonly logger: Logger;
}

/** What /metrics and /probe are about, under one configuration at a time. */
export class Exporter {
  readonly own = new OwnMetrics();
  readonly link: RedisLink;
  readonly #options: ExporterCoreOptions;
  #configuration: LoadedConfiguration;
  #target: Target;
  #probes: ProbeTargets;

  constructor(options: ExporterCoreOptions, configuration: LoadedConfiguration) {
    this.#options = options;
    this.link = new RedisLink(options.redis, options.logger);
    this.#configuration = configuration;
    this.#target = this.#openTarget(configuration);
    this.#probes = this.#openProbes(configuration);
  }

  get configuration(): LoadedConfiguration {
    return this.#configuration;
  }

  /** What /metrics is about. */
  get target(): Target {
    return this.#target;
  }

  /** What /probe is about. */
  get probes(): ProbeTargets {
    return this.#probes;
  }

  /**
   * Go on under another configuration. One that says the same changes nothing: outputs that were read anew would
   * be counted and logged again.
   *
   * @returns whether it is another one.
   */
  use(configuration: LoadedConfiguration): boolean {
    if (fingerprintOf(configuration) === fingerprintOf(this.#configuration)) return false;
    const [target, probes] = [this.#target, this.#probes];
    this.#configuration = configuration;
    this.#target = this.#openTarget(configuration);
    this.#probes = this.#openProbes(configuration);
    target.close();
    probes.close();
    return true;
  }

  close(): void {
    this.#target.close();
    this.#probes.close();
    this.link.close();
  }

  readonly #listener = {
    onDrop: (reason: Parameters<OwnMetrics["countDrop"]>[0]): void => this.own.countDrop(reason),
    onFailure: (key: string, error: unknown): void =>
      this.#options.logger.error(
        { key, error: String((error as Error).stack ?? error) },
        "an output could not be rendered",
      ),
    onRender: (key: string, seconds: number): void => this.own.observeRender(key, seconds),
  };

  #openTarget({ compiled, limits, outputs }: LoadedConfiguration): Target {
    const { redis, logger } = this.#options;
    const store = new OutputStore({ rules: compiled, limits, allowList: false, listener: this.#listener });
    const source = new RedisSource({
      link: this.link,
      address: redis,
      search: {
        sources: [...outputs, ...this.#options.outputs],
        announced: true,
        maxOutputs: limits.outputs,
      },
      maxBytes: limits.outputBytes,
      store,
      logger,
      push: true,
      onDrop: this.#listener.onDrop,
    });
    return new Target(source, store, logger);
  }

  #openProbes({ loaded, limits }: LoadedConfiguration): ProbeTargets {
    return new ProbeTargets({
      modules: loaded,
      limits,
      logger: this.#options.logger,
      listener: this.#listener,
    });
  }
}
