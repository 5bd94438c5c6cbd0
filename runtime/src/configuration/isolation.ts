import { ConfigurationError } from "@gaugelet/shared/configuration";
import { z } from "zod";

/** How far a function's process is kept from everything else, weakest first. */
export const ISOLATION_LEVELS = ["process", "sandbox", "microvm"] as const;

/**
 * `process`: an operating-system process of its own, with limits; `sandbox`: namespaces, a system-call
 * filter and a view of nothing but its own files besides; `microvm`: a virtual machine.
 */
export type Isolation = (typeof ISOLATION_LEVELS)[number];

export const isolationSchema = z.enum(ISOLATION_LEVELS);

/** Whether a level keeps a function less apart than an operator asks for. */
export function isWeaker(level: Isolation, minimum: Isolation): boolean {
  return ISOLATION_LEVELS.indexOf(level) < ISOLATION_LEVELS.indexOf(minimum);
}

/**
 * Make sure that a manifest asks for as much as the operator does.
 *
 * @throws ConfigurationError that names the manifest.
 */
export function refuseWeak(
  isolation: Isolation,
  { minimumIsolation }: { readonly minimumIsolation: Isolation },
  where: string,
): void {
  if (!isWeaker(isolation, minimumIsolation)) return;
  throw new ConfigurationError(
    `${where}: isolation: expected at least ${minimumIsolation}, which GAUGELET_MINIMUM_ISOLATION ` +
      `demands (found ${JSON.stringify(isolation)}); leave the field out to get that level`,
  );
}
