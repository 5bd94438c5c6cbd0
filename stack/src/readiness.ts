import { setTimeout as sleep } from "node:timers/promises";

const CONFIGURATION = "configuration: ";
/** Time between two looks at the runtime, in milliseconds. */
const INTERVAL = 2_000;

/** What the runtime says of itself at `/readyz`, a line each; undefined where it does not answer. */
export async function readReadiness(management: number): Promise<readonly string[] | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${management}/readyz`, {
      signal: AbortSignal.timeout(INTERVAL),
    });
    return (await response.text()).split("\n");
  } catch {
    return undefined;
  }
}

/**
 * Tell when a change of the configuration file cannot be used, and when it can: what runs goes on, so that nobody would
 * notice.
 *
 * @param report told a line each.
 */
export async function watchConfiguration(
  management: number,
  report: (line: string) => void,
  signal: AbortSignal,
  interval = INTERVAL,
): Promise<void> {
  let told = "";
  while (!signal.aborted) {
    const lines = await readReadiness(management);
    const problem = lines
      ?.filter((line) => line.startsWith(CONFIGURATION))
      .map((line) => line.slice(CONFIGURATION.length))
      .join("\n");
    if (problem !== undefined && problem !== told && !signal.aborted) {
      report(
        problem === ""
          ? "the configuration is in force again"
          : `the configuration changed but cannot be used, what runs goes on: ${problem}`,
      );
      told = problem;
    }
    await sleep(interval, undefined, { signal, ref: false }).catch(() => {});
  }
}

/** Longest time that the API is waited for, whose catalog is opened beside the rest, in milliseconds. */
const API_PATIENCE = 15_000;
const API_INTERVAL = 100;
const AWAY = 503;

/** Wait until the runtime's API answers. @returns why it does not, in its words; undefined: it does, or there is none. */
export async function untilApi(
  runtime: number,
  signal: AbortSignal,
  patience = API_PATIENCE,
): Promise<string | undefined> {
  const end = performance.now() + patience;
  for (;;) {
    const problem = await apiProblem(runtime);
    if (problem === undefined || signal.aborted || performance.now() > end) return problem;
    await sleep(API_INTERVAL, undefined, { signal }).catch(() => {});
  }
}

async function apiProblem(runtime: number): Promise<string | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${runtime}/api/v1/me`, {
      signal: AbortSignal.timeout(INTERVAL),
    });
    const { detail } = (await response.json()) as { detail?: string };
    return response.status === AWAY ? (detail ?? "it is away") : undefined;
  } catch (error) {
    return String(error);
  }
}
