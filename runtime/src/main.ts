import { ConfigurationError } from "@gaugelet/shared/configuration";
import { createLog } from "@gaugelet/shared/log";
import { startRuntime } from "./app.ts";
import { readConfiguration } from "./configuration/environment.ts";

const LAST_RESORT_MILLISECONDS = 9_000;

try {
  const configuration = await readConfiguration(process.env);
  const log = createLog(configuration.logLevel);
  const runtime = await startRuntime(configuration, log);
  const stop = (signal: NodeJS.Signals): void => {
    log.info(`${signal}: stopping`);
    // Whatever a function or Redis does, the end comes before the patience of those who ask for it does.
    setTimeout(() => process.exit(1), LAST_RESORT_MILLISECONDS).unref();
    void runtime.stop().then(() => {
      log.info("stopped");
      process.exit(0);
    });
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  // Whoever has read that it started may end it at once.
  log.info(
    { functions: configuration.functions.map(({ name }) => name), ports: runtime.ports },
    `runtime started with ${configuration.functions.length} function(s)`,
  );
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
