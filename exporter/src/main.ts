import { ConfigurationError } from "@gaugelet/shared/configuration";
import { createLog } from "@gaugelet/shared/log";
import { startExporter } from "./app.ts";
import { readEnvironment } from "./environment.ts";

try {
  const { logLevel, ...options } = readEnvironment(process.env);
  const exporter = await startExporter({ ...options, logger: createLog(logLevel) });
  let stopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      void exporter.stop();
    });
  }
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  console.error(`gaugelet-exporter: ${error.message}`);
  process.exitCode = 1;
}
