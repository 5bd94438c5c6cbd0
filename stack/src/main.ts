// npm start: sets up and runs the whole stack on 127.0.0.1 until Ctrl-C or SIGTERM.
import { ConfigurationError } from "@gaugelet/shared/configuration";
import { explainFileError, Problem } from "./problem.ts";
import { Progress } from "./progress.ts";
import { readSettings } from "./settings.ts";
import { runStack } from "./start.ts";
import { stopSignals } from "./stop-signals.ts";

try {
  const settings = readSettings(process.env);
  const progress = new Progress(process.stdout);
  const { stop, kill } = stopSignals(settings.launcher);
  kill.addEventListener("abort", () => void setTimeout(() => process.exit(130), 3_000));
  await runStack(settings, progress, stop, kill);
} catch (error) {
  const isExpected = error instanceof Problem || error instanceof ConfigurationError;
  const text = isExpected ? error.message : (explainFileError(error) ?? (error as Error).stack);
  process.stderr.write(`gaugelet: ${text}\n`);
  process.exitCode = 1;
}
// What may still hold this process up, such as a connection that is closing, is of no interest.
process.exit();
