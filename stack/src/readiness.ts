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
