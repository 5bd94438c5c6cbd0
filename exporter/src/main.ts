import { parseArgs } from "node:util";
import { ConfigurationError } from "@gaugelet/shared/configuration";
import { createLog } from "@gaugelet/shared/log";
import { type RunningExporter, startExporter } from "./app.ts";
import { readEnvironment } from "./environment.ts";
import { loadConfiguration } from "./exporter.ts";

try {
  const { logLevel, ...options } = readEnvironment(process.env);
  if (readFlags()["check-config"]) {
    await loadConfiguration(options.configurationFile);
    console.log(`${options.configurationFile ?? "the configuration without a file"} is right`);
  } else {
    obeySignals(await startExporter({ ...options, logger: createLog(logLevel) }));
  }
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  console.error(`gaugelet-exporter: ${error.message}`);
  process.exitCode = 1;
}

function obeySignals(exporter: RunningExporter): void {
  let stopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      void exporter.stop();
    });
  }
  process.on("SIGHUP", () => void exporter.reload());
}

function readFlags(): { readonly "check-config"?: boolean } {
  try {
    return parseArgs({ options: { "check-config": { type: "boolean" } } }).values;
  } catch (error) {
    throw new ConfigurationError((error as Error).message, { cause: error });
  }
}
