import { heapArguments, NODE_ARGUMENTS } from "../../javascript/arguments.ts";
import { pythonEnvironment } from "./python-program.ts";

/** What Node reserves when it starts, of which it uses 30 MB, and which counts as memory of the process all the same. */
const RESERVED_BY_NODE_BYTES = 1024 ** 3;

/** What the worker of a script, which is a Python worker, is started with. */
export interface ScriptLaunch {
  readonly environment: Record<string, string>;
  readonly readOnly: readonly string[];
  /** Bytes; null: no limit. */
  readonly memory: number | null;
}

/**
 * How to start the worker of a script.
 *
 * @param file path of the script's file: its ending says what it runs on.
 * @param environment the function's own.
 * @param memory what the function may use, in bytes; null: as much as there is. That of a script on Node is held
 * by Node's heap, and the system's limit is only for the rest.
 */
export function scriptLaunch(
  file: string,
  environment: Readonly<Record<string, string>>,
  memory: number | null,
): ScriptLaunch {
  if (!/\.[cm]?[jt]s$/.test(file))
    return { environment: pythonEnvironment(environment), readOnly: [], memory };
  const node = [process.execPath, ...heapArguments({ memory }), ...NODE_ARGUMENTS];
  return {
    // The worker takes it out again, so that no script sees it.
    environment: pythonEnvironment({ ...environment, GAUGELET_NODE: JSON.stringify(node) }),
    readOnly: [process.execPath],
    memory: memory === null ? null : memory + RESERVED_BY_NODE_BYTES,
  };
}
