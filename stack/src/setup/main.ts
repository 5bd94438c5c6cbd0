// Sets up what the arguments name: node stack/src/setup/main.ts python | services | grafana-app …
import { explainFileError, Problem } from "../problem.ts";
import { setupGrafanaApp } from "./grafana-app.ts";
import { setupKafka } from "./kafka.ts";
import { setupMachines } from "./machines.ts";
import { setupChromium, setupServices } from "./programs.ts";
import { setupPython } from "./python.ts";

const SETUPS: Record<string, (signal: AbortSignal) => Promise<unknown>> = {
  python: (signal) => setupPython({ signal }),
  "python-dev": (signal) => setupPython({ dev: true, signal }),
  services: (signal) => setupServices({ signal }),
  kafka: (signal) => setupKafka({ signal }),
  microvm: (signal) => setupMachines({ signal }),
  chromium: (signal) => setupChromium({ signal }),
  "grafana-app": (signal) => setupGrafanaApp({ signal }),
};

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stopping.abort());

try {
  for (const name of process.argv.slice(2)) {
    const setup = SETUPS[name];
    if (setup === undefined) {
      throw new Problem(`cannot set up ${name}; expected one of ${Object.keys(SETUPS).join(", ")}`);
    }
    await setup(stopping.signal);
  }
} catch (error) {
  const text = error instanceof Problem ? error.message : explainFileError(error);
  if (text === undefined && !stopping.signal.aborted) throw error;
  process.stderr.write(stopping.signal.aborted ? "gaugelet: stopped\n" : `gaugelet: ${text}\n`);
  process.exitCode = stopping.signal.aborted ? 130 : 1;
}
