import { ConfigurationError } from "@gaugelet/shared/configuration";
import { createLog } from "@gaugelet/shared/log";
import { type RunningExporter, startExporter } from "./app.ts";
import { readCommandLine, USAGE } from "./command-line.ts";
import { type ExporterEnvironment, readEnvironment } from "./environment.ts";
import { loadConfiguration } from "./exporter.ts";
import { VERSION } from "./version.ts";
import { readWebConfiguration } from "./web/web-configuration.ts";

try {
  const command = readCommandLine(process.argv.slice(2));
  if (command === "help") console.log(USAGE);
  else if (command === "version") console.log(VERSION);
  else {
    const { logLevel, ...options } = readEnvironment(process.env);
    if (command === "check-config") await checkConfigurations(options);
    else {
      const starting = startExporter({ ...options, logger: createLog(logLevel) });
      obeyHangUp(starting);
      obeyEnd(await starting);
    }
  }
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  console.error(`gaugelet-exporter: ${error.message}`);
  process.exitCode = 1;
}

/** From the first on: who sends it when the port is listened on must not end the process. */
function obeyHangUp(starting: Promise<RunningExporter>): void {
  process.on("SIGHUP", () => {
    starting.then(
      (exporter) => exporter.reload(),
      () => {},
    );
  });
}

function obeyEnd(exporter: RunningExporter): void {
  let stopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      void exporter.stop();
    });
  }
}

/** Says of each file that it was checked; all that is wrong is told at once. */
async function checkConfigurations({
  configurationFile,
  webConfigurationFile,
}: Pick<ExporterEnvironment, "configurationFile" | "webConfigurationFile">): Promise<void> {
  const checks = [
    {
      name: configurationFile ?? "the configuration without a file",
      check: loadConfiguration(configurationFile),
    },
    ...(webConfigurationFile === undefined
      ? []
      : [{ name: webConfigurationFile, check: readWebConfiguration(webConfigurationFile) }]),
  ];
  const results = await Promise.allSettled(checks.map(({ check }) => check));
  const problems: string[] = [];
  for (const [index, result] of results.entries()) {
    if (result.status === "fulfilled") console.log(`${checks[index]?.name} is right`);
    else if (result.reason instanceof ConfigurationError) problems.push(result.reason.message);
    else throw result.reason;
  }
  if (problems.length > 0) throw new ConfigurationError(problems.join("\n"));
}
