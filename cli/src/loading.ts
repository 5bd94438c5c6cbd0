import type { Client } from "./client.ts";
import { CommandFailure } from "./failure.ts";
import { type Output, printable, shown } from "./output.ts";

const WAIT_SECONDS = 10;

/** What became of having the version loaded that runs. */
export interface Loading {
  /** `absent`: it does not run in the server that was asked; `unknown`: that server did not say. */
  readonly state: "loaded" | "failed" | "loading" | "absent" | "unknown";
  readonly reason: string | null;
  readonly traceback: string | null;
}

/** Have a function loaded that was just changed, and see whether it can be. Whatever goes wrong, the change is made. */
export async function haveLoaded(client: Client, name: string): Promise<Loading> {
  const path = `/functions/${encodeURIComponent(name)}/load`;
  return await client
    .ask<Loading>("POST", path, { body: { waitSeconds: WAIT_SECONDS } })
    .catch((error: unknown) => {
      if (!(error instanceof CommandFailure)) throw error;
      return { state: "unknown" as const, reason: error.message, traceback: null };
    });
}

/** What is to be said of it behind what was changed. */
export function saidOf({ state, reason }: Loading): string {
  switch (state) {
    case "loaded":
      return ", and loaded";
    case "loading":
      return `; it is still being loaded after ${WAIT_SECONDS} s: gaugelet functions show says what becomes of it`;
    case "absent":
      return `; it is not loaded: ${shown(reason)}`;
    default:
      return `; whether it can be loaded is not known: ${shown(reason)}`;
  }
}

/**
 * Fail where it cannot be loaded.
 *
 * @param what was changed, for the message; `todo` what one can do about it.
 * @param answer what the server said, for `--json`.
 * @throws CommandFailure
 */
export function failUnloaded(
  output: Output,
  { state, reason, traceback }: Loading,
  what: string,
  todo: string,
  answer: Readonly<Record<string, unknown>>,
): void {
  if (state !== "failed") return;
  if (traceback !== null && !output.isJson) output.note(printable(traceback.trimEnd()));
  throw new CommandFailure("failed", `${what}, but ${shown(reason)}; ${todo}`, answer);
}
