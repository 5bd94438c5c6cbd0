import { Gauge, type Registry } from "prom-client";

/** Whether the newest configuration file is in force, by the names that Prometheus has for its own. */
export class ConfigurationMetrics {
  readonly #isInForce: Gauge;
  readonly #takenAt: Gauge;

  constructor(registry: Registry) {
    this.#isInForce = new Gauge({
      name: "gaugelet_runtime_config_last_reload_successful",
      help: "1 where the configuration in force is the newest, 0 where the newest is wrong and the one before stays.",
      registers: [registry],
    });
    this.#takenAt = new Gauge({
      name: "gaugelet_runtime_config_last_reload_success_timestamp_seconds",
      help: "When a configuration was last taken, in seconds since the Unix epoch.",
      registers: [registry],
    });
  }

  taken(): void {
    this.#isInForce.set(1);
    this.#takenAt.setToCurrentTime();
  }

  refused(): void {
    this.#isInForce.set(0);
  }
}
