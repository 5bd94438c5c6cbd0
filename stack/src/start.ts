import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findGrafana } from "./grafana/find.ts";
import type { Address, Part } from "./part.ts";
import { alertmanagerPart } from "./parts/alertmanager.ts";
import { exporterPart } from "./parts/exporter.ts";
import { adminPasswordFile, grafanaPart } from "./parts/grafana.ts";
import { prometheusPart } from "./parts/prometheus.ts";
import { redisPart } from "./parts/redis.ts";
import { runtimePart } from "./parts/runtime.ts";
import { checkPorts, waitForFreePorts } from "./ports.ts";
import { explainFileError, Problem } from "./problem.ts";
import type { Progress } from "./progress.ts";
import { readReadiness, untilApi, watchConfiguration } from "./readiness.ts";
import { formatSeconds } from "./seconds.ts";
import type { Settings } from "./settings.ts";
import { setupGrafanaApp } from "./setup/grafana-app.ts";
import { REDIS_SERVER, setupServices } from "./setup/programs.ts";
import { setupPython } from "./setup/python.ts";
import { claimStateFolder } from "./state-folder.ts";
import { Supervisor } from "./supervise.ts";
import { formatTable } from "./table.ts";

/** Longest time that `ready` waits for Grafana, whose download may take minutes, in milliseconds. */
const GRAFANA_PATIENCE = 60_000;

/**
 * Run the stack until the signal says stop; everything that was started has ended when this returns.
 *
 * @param kill when this one aborts too, what is left is killed.
 * @throws Problem where something is missing or does not start.
 */
export async function runStack(
  settings: Settings,
  progress: Progress,
  stop: AbortSignal,
  kill: AbortSignal,
): Promise<void> {
  const started = performance.now();
  const lock = await claimStateFolder(settings.state);
  const logs = join(settings.state, "logs");
  const report = (line: string): void => progress.line(`${new Date().toLocaleTimeString("en-GB")} ${line}`);
  const supervisor = new Supervisor(logs, report);
  kill.addEventListener("abort", () => supervisor.kill());
  // A start that fails also ends the search for Grafana.
  const failed = new AbortController();
  const signal = AbortSignal.any([stop, failed.signal]);
  let grafana: Promise<Address[]> | undefined;
  try {
    await mkdir(logs, { recursive: true });
    if (lock.wasAbandoned) await waitForFreePorts(settings, signal);
    const { redisIsThere } = await checkPorts(settings);
    grafana = startGrafana(settings, progress, supervisor, signal);
    const parts = await startParts(settings, progress, supervisor, redisIsThere, signal);
    const rows = parts.flatMap(({ addresses }) => addresses);
    const inTime = await Promise.race([grafana, sleep(GRAFANA_PATIENCE, undefined, { signal, ref: false })]);
    progress.line(`\n${formatTable([...rows, ...(inTime ?? [])])}\n  logs: ${logs}\n`);
    for (const line of await brokenFunctions(settings)) progress.line(line);
    const away = await untilApi(settings.ports.runtime, signal);
    if (away !== undefined) progress.line(`        The API is not there yet: ${away}`);
    progress.line(`ready (${formatSeconds(performance.now() - started)})`);
    if (inTime === undefined) announceLater(grafana, progress);
    void watchConfiguration(settings.ports.management, report, stop);
    if (!stop.aborted) await once(stop, "abort");
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    failed.abort();
    if (!supervisor.isIdle) await progress.step("stop what was started", () => supervisor.stop());
    // Unpacking cannot be interrupted; what it leaves behind is removed by the next start.
    await Promise.race([grafana, sleep(1_000, undefined, { ref: false })]);
    await lock.release();
  }
}

/** Install what is missing and start everything but Grafana; Redis first, as the others want it. */
async function startParts(
  settings: Settings,
  progress: Progress,
  supervisor: Supervisor,
  redisIsThere: boolean,
  signal: AbortSignal,
): Promise<Part[]> {
  await setupServices({ progress, signal, without: redisIsThere ? [REDIS_SERVER] : [] });
  const python = await setupPython({ progress, signal });
  const redis = redisPart(settings);
  if (redisIsThere) {
    progress.line(
      `ok      redis answers already on port ${settings.ports.redis}; it is used, and left running`,
    );
  } else {
    await startPart(redis, progress, supervisor);
  }
  const others = [
    runtimePart(settings, python),
    exporterPart(settings),
    prometheusPart(settings),
    alertmanagerPart(settings),
  ];
  await Promise.all(others.map((part) => startPart(part, progress, supervisor)));
  return [redis, ...others];
}

async function startPart(part: Part, progress: Progress, supervisor: Supervisor): Promise<void> {
  await progress.step(`start ${part.name}`, () => supervisor.start(part));
}

/** Find and start Grafana; without it the rest is of use too, so that any mishap is one line only. */
async function startGrafana(
  settings: Settings,
  progress: Progress,
  supervisor: Supervisor,
  signal: AbortSignal,
): Promise<Address[]> {
  let part: Part | undefined;
  try {
    const source = await progress.step("find Grafana", (step) => findGrafana(settings, step, signal));
    part = grafanaPart(settings, source, await buildApp(progress, signal));
    await startPart(part, progress, supervisor);
    return [...part.addresses, { title: "  password of admin", url: adminPasswordFile(settings) }];
  } catch (error) {
    if (part !== undefined) await supervisor.remove(part);
    if (signal.aborted) return [];
    progress.line(`        Grafana will not run: ${reasonOf(error)}`);
    return [];
  }
}

/** Gaugelet's app for Grafana; undefined where it cannot be built, as the dashboards are of use without it. */
async function buildApp(progress: Progress, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await setupGrafanaApp({ progress, signal });
  } catch (error) {
    signal.throwIfAborted();
    progress.line(`        Grafana runs without Gaugelet's app: ${reasonOf(error)}`);
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Problem ? error.message : (explainFileError(error) ?? String(error));
}

/** A line for each function that cannot be loaded: the rest runs, so that nobody would notice. */
async function brokenFunctions(settings: Settings): Promise<string[]> {
  const { management, runtime } = settings.ports;
  const lines = (await readReadiness(management)) ?? [];
  return lines
    .filter((line) => line.includes(": failing: "))
    .map(
      (line) =>
        `        ${line.replace(": failing: ", " cannot be loaded: ")}; see http://127.0.0.1:${runtime}`,
    );
}

function announceLater(grafana: Promise<Address[]>, progress: Progress): void {
  progress.line("Grafana is still on its way; its address follows");
  void grafana.then((addresses) => {
    if (addresses.length > 0) progress.line(formatTable(addresses));
  });
}
