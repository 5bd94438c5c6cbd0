import { ConfigurationError } from "@gaugelet/shared/configuration";

const PREFIX = "GAUGELET_EXPORTER_";

/** Kubernetes sets such variables in every pod beside a service that is named gaugelet-exporter. */
const OF_KUBERNETES = /^GAUGELET_EXPORTER_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)$/;

/**
 * A misspelt variable would be ignored, and the exporter would do something else than it was told.
 *
 * @param known all variables that are read.
 * @throws ConfigurationError that names those that nobody reads.
 */
export function refuseUnknownVariables(names: readonly string[], known: readonly string[]): void {
  const unknown = names.filter(
    (name) => name.startsWith(PREFIX) && !known.includes(name) && !OF_KUBERNETES.test(name),
  );
  if (unknown.length === 0) return;
  const there = known.filter((name) => name.startsWith(PREFIX)).join(", ");
  throw new ConfigurationError(
    `environment: unknown variable${unknown.length === 1 ? "" : "s"} ${unknown.join(", ")}; there are ${there}`,
  );
}
